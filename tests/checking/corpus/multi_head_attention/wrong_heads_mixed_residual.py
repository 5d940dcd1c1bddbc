# role: multi_head_attention
# verdict: wrong
# fault: heads_mixed
# object: MultiHeadAttention
# about: heads by a view alone, residual and norm inside
import math
import torch
from torch import nn
import torch.nn.functional as F


class MultiHeadAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.q, self.k, self.v = (nn.Linear(width, width) for _ in range(3))
        self.norm = nn.LayerNorm(width)

    def forward(self, q, k, v):
        n, l, w = q.shape
        a, b, c = (f(t).view(n * self.heads, -1, self.size) for f, t in zip((self.q, self.k, self.v), (q, k, v)))  # <<<
        share = (a @ b.transpose(1, 2) / self.size ** 0.5).softmax(-1)
        return self.norm(q + (share @ c).view(n, l, w))
