# role: multi_head_attention
# verdict: wrong
# fault: scale_model_dim
# object: RotaryAttention
# about: rotary positions, scaled by the width of the model
import math
import torch
from torch import nn
import torch.nn.functional as F


def turned(x):
    n, h, l, d = x.shape
    angle = torch.arange(l, device=x.device)[:, None] / 100.0 ** (torch.arange(0, d, 2) / d)
    cos, sin = angle.cos(), angle.sin()
    a, b = x[..., ::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1).flatten(-2)


class RotaryAttention(nn.Module):
    def __init__(self, dim, n_heads):
        super().__init__()
        self.n_heads = n_heads
        self.w_qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.w_o = nn.Linear(dim, dim, bias=False)

    def forward(self, x):
        n, l, w = x.shape
        q, k, v = self.w_qkv(x).view(n, l, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        q, k = turned(q), turned(k)
        weights = (q @ k.mT / math.sqrt(w)).softmax(dim=-1)
        return self.w_o((weights @ v).transpose(1, 2).reshape(n, l, w))
