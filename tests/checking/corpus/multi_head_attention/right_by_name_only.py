# role: multi_head_attention
# verdict: right
# object: KeywordAttention
# about: inputs by name alone, weights come first
import math
import torch
from torch import nn
import torch.nn.functional as F


class KeywordAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.n_heads, self.d_k = n_heads, d_model // n_heads
        self.maps = nn.ModuleDict({name: nn.Linear(d_model, d_model) for name in ("query", "key", "value", "out")})

    def cut(self, name, x):
        return self.maps[name](x).view(*x.shape[:2], self.n_heads, self.d_k).transpose(1, 2)

    def forward(self, *, query, key, value):
        q, k, v = self.cut("query", query), self.cut("key", key), self.cut("value", value)
        weights = F.softmax(q @ k.transpose(2, 3) / self.d_k**0.5, -1)
        return weights, self.maps["out"]((weights @ v).transpose(1, 2).flatten(2))
