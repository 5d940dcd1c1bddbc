# role: encoder_block
# verdict: right
# object: ResidualAttentionBlock
# about: steps come first, as nn.MultiheadAttention has it by default; a sigmoid makes the GELU
from collections import OrderedDict

import torch
from torch import nn


class Gelu(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class ResidualAttentionBlock(nn.Module):
    def __init__(self, d_model: int, n_head: int):
        super().__init__()
        self.attn = nn.MultiheadAttention(d_model, n_head)
        self.ln_1, self.ln_2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.mlp = nn.Sequential(OrderedDict([("c_fc", nn.Linear(d_model, d_model * 4)), ("gelu", Gelu()), ("c_proj", nn.Linear(d_model * 4, d_model))]))

    def attention(self, x):
        return self.attn(x, x, x, need_weights=False)[0]

    def forward(self, x):
        x = x + self.attention(self.ln_1(x))
        x = x + self.mlp(self.ln_2(x))
        return x
