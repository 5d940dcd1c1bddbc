# role: transformer
# verdict: wrong
# fault: mask_inverted
# object: Encoder
# about: the mask is true at padding, but the attention hides where it is 0
# round: held-out

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def make_pad_mask(ids, pad_idx):
    return (ids == pad_idx)[:, None, None, :]  # <<<


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_head):
        super().__init__()
        self.n_head = n_head
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_concat = nn.Linear(d_model, d_model)

    def split(self, t):
        n, length, d_model = t.size()
        return t.view(n, length, self.n_head, d_model // self.n_head).transpose(1, 2)

    def forward(self, q, k, v, mask=None):
        q, k, v = self.split(self.w_q(q)), self.split(self.w_k(k)), self.split(self.w_v(v))
        score = (q @ k.transpose(2, 3)) / math.sqrt(q.size(-1))
        if mask is not None:
            score = score.masked_fill(mask == 0, -10000)
        out = F.softmax(score, dim=-1) @ v
        return self.w_concat(out.transpose(1, 2).flatten(2))


class EncoderLayer(nn.Module):
    def __init__(self, d_model, ffn_hidden, n_head, drop_prob):
        super().__init__()
        self.attention = MultiHeadAttention(d_model, n_head)
        self.norm1, self.norm2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.dropout1, self.dropout2 = nn.Dropout(drop_prob), nn.Dropout(drop_prob)
        self.ffn = nn.Sequential(
            nn.Linear(d_model, ffn_hidden), nn.ReLU(), nn.Dropout(drop_prob), nn.Linear(ffn_hidden, d_model)
        )

    def forward(self, x, src_mask):
        _x = x
        x = self.attention(q=x, k=x, v=x, mask=src_mask)
        x = self.norm1(self.dropout1(x) + _x)
        _x = x
        x = self.ffn(x)
        return self.norm2(self.dropout2(x) + _x)


class Encoder(nn.Module):
    """ids [N, L] -> [N, L, d_model]; src_pad_idx is padding"""

    def __init__(self, enc_voc_size=100, max_len=64, d_model=32, ffn_hidden=64, n_head=4, n_layers=2,
                 drop_prob=0.1, src_pad_idx=1):
        super().__init__()
        self.src_pad_idx = src_pad_idx
        self.tok_emb = nn.Embedding(enc_voc_size, d_model, padding_idx=src_pad_idx)
        self.pos_emb = nn.Embedding(max_len, d_model)
        self.drop_out = nn.Dropout(p=drop_prob)
        self.layers = nn.ModuleList(
            [EncoderLayer(d_model, ffn_hidden, n_head, drop_prob) for _ in range(n_layers)]
        )

    def forward(self, ids):
        src_mask = make_pad_mask(ids, self.src_pad_idx)
        x = self.drop_out(self.tok_emb(ids) + self.pos_emb(torch.arange(ids.size(1), device=ids.device)))
        for layer in self.layers:
            x = layer(x, src_mask)
        return x
