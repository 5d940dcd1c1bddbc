# role: multi_head_attention
# verdict: wrong
# fault: scale_missing
# object: SliceAttention
# about: heads of their own, no scale
import math
import torch
from torch import nn
import torch.nn.functional as F


class SliceAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.size = width // heads
        self.maps = nn.ModuleList(nn.ModuleList(nn.Linear(self.size, self.size) for _ in range(3)) for _ in range(heads))

    def forward(self, x):
        found = []
        for part, (q, k, v) in zip(x.split(self.size, -1), self.maps):
            share = torch.softmax(q(part) @ k(part).transpose(1, 2), dim=-1)  # <<<
            found.append(share @ v(part))
        return torch.cat(found, dim=-1)
