# role: multi_head_attention
# verdict: right
# object: StepsFirstAttention
# about: x is [length, batch, width]
import math
import torch
from torch import nn
import torch.nn.functional as F


class StepsFirstAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x):
        """x: [seq_len, batch, width]"""
        seq_len, batch, width = x.shape
        q, k, v = (f(x).view(seq_len, batch, self.heads, -1) for f in (self.q, self.k, self.v))
        scores = torch.einsum("ibhd,jbhd->ijbh", q, k) / (width // self.heads) ** 0.5
        return self.o(torch.einsum("ijbh,jbhd->ibhd", scores.softmax(dim=1), v).reshape(seq_len, batch, width))
