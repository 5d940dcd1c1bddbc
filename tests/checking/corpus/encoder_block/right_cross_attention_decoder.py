# role: encoder_block
# verdict: right
# object: DecoderLayer
# about: masked attention to itself, attention to the encoder's output, then an MLP; post-norm
import torch
from torch import nn


class DecoderLayer(nn.Module):
    def __init__(self, d_model, nhead, dim_feedforward=64, dropout=0.1):
        super().__init__()
        self.self_attn = nn.MultiheadAttention(d_model, nhead, dropout=dropout, batch_first=True)
        self.cross = nn.MultiheadAttention(d_model, nhead, dropout=dropout, batch_first=True)
        self.ff = nn.Sequential(nn.Linear(d_model, dim_feedforward), nn.ReLU(), nn.Dropout(dropout), nn.Linear(dim_feedforward, d_model))
        self.norms = nn.ModuleList([nn.LayerNorm(d_model) for _ in range(3)])
        self.drop = nn.Dropout(dropout)

    def forward(self, tgt, memory):
        l = tgt.size(1)
        mask = torch.triu(torch.full((l, l), float("-inf")), diagonal=1)
        a = self.self_attn(tgt, tgt, tgt, attn_mask=mask, need_weights=False)[0]
        tgt = self.norms[0](tgt + self.drop(a))
        a = self.cross(tgt, memory, memory)[0]
        tgt = self.norms[1](tgt + self.drop(a))
        return self.norms[2](tgt + self.drop(self.ff(tgt)))
