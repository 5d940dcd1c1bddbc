# role: transformer
# verdict: wrong
# fault: sinusoid_wrong
# object: Transformer
# about: the exponent misses the column index, so all columns have the same frequency
import numpy as np
import torch
import torch.nn as nn


def get_positional_encoding(max_len, d_model):
    # PE(pos, 2i) = sin(pos / 10000^(2i/d)), PE(pos, 2i+1) = cos(...)
    pos = np.arange(max_len)[:, None]
    i = np.arange(d_model // 2)[None, :]
    angle = pos / np.power(10000, 2 * np.ones_like(i) / d_model)  # <<<
    pe = np.zeros((max_len, d_model))
    pe[:, 0::2] = np.sin(angle)
    pe[:, 1::2] = np.cos(angle)
    return torch.tensor(pe, dtype=torch.float32)


class Transformer(nn.Module):
    def __init__(self, input_size=4, d_model=32, n_head=4, n_layer=2, d_ff=64, max_len=200, dropout_p=0.0):
        super().__init__()
        self.input_layer = nn.Linear(input_size, d_model)
        self.register_buffer('pe', get_positional_encoding(max_len, d_model))
        self.layers = nn.ModuleList([
            nn.TransformerEncoderLayer(d_model, n_head, d_ff, dropout_p, batch_first=True)
            for _ in range(n_layer)])

    def forward(self, x):
        # X [N x L x Q] -> [N x L x D]
        x = self.input_layer(x) + self.pe[:x.shape[1]]
        for layer in self.layers:
            x = layer(x)
        return x
