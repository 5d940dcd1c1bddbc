# role: multi_head_attention
# verdict: right
# object: BiasedAttention
# about: a learned bias for each distance and head
import math
import torch
from torch import nn
import torch.nn.functional as F


class BiasedAttention(nn.Module):
    def __init__(self, dim, heads, max_len=32):
        super().__init__()
        self.heads, self.max_len = heads, max_len
        self.table = nn.Parameter(torch.randn(2 * max_len - 1, heads))
        self.qkv, self.proj = nn.Linear(dim, dim * 3), nn.Linear(dim, dim)

    def forward(self, x):
        n, l, w = x.shape
        q, k, v = self.qkv(x).view(n, l, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        at = torch.arange(l)
        bias = self.table[at[:, None] - at[None, :] + self.max_len - 1].permute(2, 0, 1)
        scores = q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5 + bias
        return self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, l, w))
