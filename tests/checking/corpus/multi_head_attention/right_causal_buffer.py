# role: multi_head_attention
# verdict: right
# object: CausalSelfAttention
# about: the triangle is a buffer, as in GPT code
import math
import torch
from torch import nn
import torch.nn.functional as F


class CausalSelfAttention(nn.Module):
    def __init__(self, width, heads, length):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.register_buffer("triangle", torch.tril(torch.ones(length, length))[None, None])

    def forward(self, x):
        n, l, w = x.shape
        q, k, v = self.qkv(x).split(w, dim=2)
        q, k, v = (t.view(n, l, self.heads, w // self.heads).transpose(1, 2) for t in (q, k, v))
        scores = q @ k.transpose(-2, -1) / math.sqrt(k.size(-1))
        scores = scores.masked_fill(self.triangle[:, :, :l, :l] == 0, float("-inf"))
        y = F.softmax(scores, dim=-1) @ v
        return self.out(y.transpose(1, 2).contiguous().view(n, l, w))
