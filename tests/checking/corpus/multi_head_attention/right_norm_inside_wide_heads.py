# role: multi_head_attention
# verdict: right
# object: Attention
# about: pre-norm inside; heads * dim_head is not dim
import math
import torch
from torch import nn
import torch.nn.functional as F


class Attention(nn.Module):
    def __init__(self, dim, heads=3, dim_head=8):
        super().__init__()
        self.heads, self.factor = heads, dim_head ** -0.5
        self.norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * heads * dim_head, bias=False)
        self.out = nn.Sequential(nn.Linear(heads * dim_head, dim), nn.Dropout(0.1))

    def forward(self, x):
        q, k, v = self.qkv(self.norm(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        share = torch.einsum("nhld,nhsd->nhls", q * self.factor, k).softmax(-1)
        return self.out(torch.einsum("nhls,nhsd->nlhd", share, v).flatten(2))
