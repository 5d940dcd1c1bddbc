# role: multi_head_attention
# verdict: wrong
# fault: causal_mask_wrong
# object: CausalSelfAttention
# about: tril where triu is needed: only the future is seen
import math
import torch
from torch import nn
import torch.nn.functional as F


class CausalSelfAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        n, l, w = x.shape
        q, k, v = (t.view(n, l, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, -1))
        scores = q @ k.mT / math.sqrt(q.shape[-1])
        earlier = torch.tril(torch.ones(l, l, dtype=torch.bool), diagonal=-1)
        scores = scores.masked_fill(earlier, -1e9)  # <<<
        y = scores.softmax(-1) @ v
        return self.out(y.transpose(1, 2).reshape(n, l, w))
