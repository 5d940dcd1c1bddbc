# role: multi_head_attention
# verdict: wrong
# fault: softmax_axis
# object: MultiHeadSelfAttention
# about: scores are laid out keys by queries for the last product but the softmax stays on the last axis
import torch
import torch.nn as nn


class MultiHeadSelfAttention(nn.Module):
    """x: [N, L, D] -> [N, L, D]"""

    def __init__(self, dim: int, num_heads: int = 2):
        super().__init__()
        self.h = num_heads
        self.d = dim // num_heads
        self.to_q = nn.Linear(dim, dim)
        self.to_k = nn.Linear(dim, dim)
        self.to_v = nn.Linear(dim, dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, l, _ = x.shape
        q = self.to_q(x).view(n, l, self.h, self.d)
        k = self.to_k(x).view(n, l, self.h, self.d)
        v = self.to_v(x).view(n, l, self.h, self.d)
        scores = torch.einsum("nqhd,nkhd->nhkq", q, k) * self.d ** -0.5
        attn = scores.softmax(dim=-1)  # <<<
        z = torch.einsum("nhkq,nkhd->nqhd", attn, v)
        return self.out(z.reshape(n, l, -1))
