# role: multi_head_attention
# verdict: wrong
# fault: causal_mask_wrong
# object: CausalSelfAttention
# about: the diagonal is hidden too, so the first token sees nothing
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
        later = torch.ones(l, l, dtype=torch.bool).triu()
        scores = scores.masked_fill(later, float("-inf"))  # <<<
        y = scores.softmax(-1) @ v
        return self.out(y.transpose(1, 2).reshape(n, l, w))
