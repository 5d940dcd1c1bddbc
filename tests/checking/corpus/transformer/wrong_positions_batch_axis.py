# role: transformer
# verdict: wrong
# fault: positions_batch_axis
# object: TransformerModel
# about: the tutorial's pe[:x.size(0)] on batch_first input gives every sample of the batch one position
import math
import torch
import torch.nn as nn


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout=0.1, max_len=5000):
        super(PositionalEncoding, self).__init__()
        self.dropout = nn.Dropout(p=dropout)

        pe = torch.zeros(max_len, d_model)
        position = torch.arange(0, max_len, dtype=torch.float).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2).float() * (-math.log(10000.0) / d_model))
        pe[:, 0::2] = torch.sin(position * div_term)
        pe[:, 1::2] = torch.cos(position * div_term)
        pe = pe.unsqueeze(1)
        self.register_buffer('pe', pe)

    def forward(self, x):
        x = x + self.pe[:x.size(0), :]  # <<<
        return self.dropout(x)


class TransformerModel(nn.Module):
    """Time series encoder: [batch, time, features] -> [batch, time, d_model]"""

    def __init__(self, feat_dim, d_model=32, n_heads=4, num_layers=2, dim_feedforward=64, dropout=0.1):
        super(TransformerModel, self).__init__()
        self.project_inp = nn.Linear(feat_dim, d_model)
        self.pos_enc = PositionalEncoding(d_model, dropout)
        encoder_layer = nn.TransformerEncoderLayer(d_model, n_heads, dim_feedforward, dropout, batch_first=True)
        self.transformer_encoder = nn.TransformerEncoder(encoder_layer, num_layers)

    def forward(self, X):
        inp = self.project_inp(X)
        inp = self.pos_enc(inp)
        return self.transformer_encoder(inp)
