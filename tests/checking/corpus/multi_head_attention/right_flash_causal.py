# role: multi_head_attention
# verdict: right
# object: DecoderAttention
# about: is_causal=True, always
import math
import torch
from torch import nn
import torch.nn.functional as F


class DecoderAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.into = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in "qkv")
        self.back = nn.Linear(width, width)

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = (f(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for f in self.into)
        return self.back(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))
