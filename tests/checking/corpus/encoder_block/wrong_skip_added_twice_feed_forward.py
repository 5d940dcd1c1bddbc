# role: encoder_block
# verdict: wrong
# fault: skip_added_twice
# object: EncoderLayer
# about: the feed-forward module has its own residual and the layer adds one more
# round: held-out
import torch.nn as nn
import torch.nn.functional as F


class PositionwiseFeedForward(nn.Module):
    ''' A two-feed-forward-layer module '''

    def __init__(self, d_in, d_hid, dropout=0.1):
        super().__init__()
        self.w_1 = nn.Linear(d_in, d_hid)  # position-wise
        self.w_2 = nn.Linear(d_hid, d_in)  # position-wise
        self.layer_norm = nn.LayerNorm(d_in, eps=1e-6)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        residual = x
        x = self.layer_norm(x)
        x = self.w_2(F.relu(self.w_1(x)))
        x = self.dropout(x)
        return x + residual


class EncoderLayer(nn.Module):
    ''' Compose with two layers, pre-norm '''

    def __init__(self, d_model, d_inner, n_head, dropout=0.1):
        super(EncoderLayer, self).__init__()
        self.layer_norm = nn.LayerNorm(d_model, eps=1e-6)
        self.slf_attn = nn.MultiheadAttention(d_model, n_head, dropout=dropout, batch_first=True)
        self.pos_ffn = PositionwiseFeedForward(d_model, d_inner, dropout=dropout)

    def forward(self, enc_input):
        h = self.layer_norm(enc_input)
        enc_output, enc_slf_attn = self.slf_attn(h, h, h)
        enc_output = enc_output + enc_input
        enc_output = enc_output + self.pos_ffn(enc_output)  # <<<
        return enc_output
