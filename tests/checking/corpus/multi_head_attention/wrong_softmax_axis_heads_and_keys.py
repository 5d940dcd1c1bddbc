# role: multi_head_attention
# verdict: wrong
# fault: softmax_axis
# object: SelfAttention
# about: one softmax over all heads and keys of a query
import math
import torch
from torch import nn
import torch.nn.functional as F


class SelfAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads, self.d = heads, dim // heads
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x):
        n, l, w = x.shape
        q, k, v = self.qkv(x).view(n, l, 3, self.heads, self.d).unbind(2)
        scores = torch.einsum("nlhd,nshd->nlhs", q, k) / self.d ** 0.5
        share = scores.reshape(n, l, -1).softmax(-1).view_as(scores)  # <<<
        return self.out(torch.einsum("nlhs,nshd->nlhd", share, v).reshape(n, l, w))
