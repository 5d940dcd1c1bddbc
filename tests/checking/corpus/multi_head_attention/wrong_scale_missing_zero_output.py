# role: multi_head_attention
# verdict: wrong
# fault: scale_missing
# object: QuietAttention
# about: no scale, behind an output product that begins at zero
import math
import torch
from torch import nn
import torch.nn.functional as F


class QuietAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x):
        q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        share = (q @ k.mT).softmax(-1)  # <<<
        return self.out((share @ v).transpose(1, 2).flatten(2))
