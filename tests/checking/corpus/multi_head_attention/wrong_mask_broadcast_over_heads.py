# role: multi_head_attention
# verdict: wrong
# fault: mask_broadcast_over_heads
# object: MultiHeadAttention
# about: a [N, 1, K] mask meets [N, H, Q, K] scores, so its batch axis lines up with the heads (silent when N == H or N == 1)
import math
import torch
import torch.nn as nn


class MultiHeadAttention(nn.Module):
    """Multi-head attention.

    mask: [N, L], 1 for real tokens and 0 for padding.
    """

    def __init__(self, embed_dim=32, num_heads=4):
        super().__init__()
        self.num_heads = num_heads
        self.head_dim = embed_dim // num_heads
        self.q_proj = nn.Linear(embed_dim, embed_dim)
        self.k_proj = nn.Linear(embed_dim, embed_dim)
        self.v_proj = nn.Linear(embed_dim, embed_dim)
        self.out_proj = nn.Linear(embed_dim, embed_dim)

    def forward(self, q, k, v, mask=None):
        N, Lq, D = q.shape
        q = self.q_proj(q).view(N, Lq, self.num_heads, self.head_dim).transpose(1, 2)
        k = self.k_proj(k).view(N, -1, self.num_heads, self.head_dim).transpose(1, 2)
        v = self.v_proj(v).view(N, -1, self.num_heads, self.head_dim).transpose(1, 2)

        scores = q @ k.transpose(-2, -1) / math.sqrt(self.head_dim)
        if mask is not None:
            scores = scores.masked_fill(mask.unsqueeze(1) == 0, -1e9)  # <<<
        attn = scores.softmax(dim=-1)
        out = (attn @ v).transpose(1, 2).reshape(N, Lq, D)
        return self.out_proj(out), attn
