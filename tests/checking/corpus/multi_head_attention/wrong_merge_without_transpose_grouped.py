# role: multi_head_attention
# verdict: wrong
# fault: merge_without_transpose
# object: GroupedAttention
# about: heads put together by a view
import math
import torch
from torch import nn
import torch.nn.functional as F


class GroupedAttention(nn.Module):
    """Two heads share one of keys and values."""

    def __init__(self, width, heads, kv_heads=None):
        super().__init__()
        self.heads, self.kv = heads, kv_heads or 1
        self.size = width // heads
        self.q = nn.Linear(width, heads * self.size, bias=False)
        self.k = nn.Linear(width, self.kv * self.size, bias=False)
        self.v = nn.Linear(width, self.kv * self.size, bias=False)
        self.o = nn.Linear(heads * self.size, width, bias=False)

    def forward(self, x):
        n, l, _ = x.shape
        q = self.q(x).view(n, l, self.heads, self.size).transpose(1, 2)
        k, v = (f(x).view(n, l, self.kv, self.size).transpose(1, 2) for f in (self.k, self.v))
        k, v = (t.repeat_interleave(self.heads // self.kv, dim=1) for t in (k, v))
        weights = torch.softmax(q @ k.mT / self.size ** 0.5, dim=-1)
        return self.o((weights @ v).reshape(n, l, -1))
