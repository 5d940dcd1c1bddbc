# role: encoder_block
# verdict: wrong
# fault: mask_inverted
# object: EncoderLayer
# about: the mask hides where it is 1, and the docstring says the opposite
import math

import torch
from torch import nn


class EncoderLayer(nn.Module):
    """Post-norm. mask: 1 where a key is seen, 0 where it is hidden."""

    def __init__(self, width, heads, inner):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def attend(self, x, mask):
        n, l, w = x.shape
        q, k, v = (f(x).view(n, l, self.heads, -1).transpose(1, 2) for f in (self.q, self.k, self.v))
        s = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        if mask is not None:
            s = s.masked_fill(mask == 1, -1e9)
        return self.o((s.softmax(-1) @ v).transpose(1, 2).reshape(n, l, w))

    def forward(self, x, mask=None):
        x = self.norm1(x + self.attend(x, mask))
        return self.norm2(x + self.down(torch.relu(self.up(x))))
