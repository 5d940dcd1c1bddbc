# role: multi_head_attention
# verdict: wrong
# fault: scale_by_d
# object: SelfAttention
# about: the query is scaled by hand and scaled_dot_product_attention scales once more
# round: held-out
import torch
import torch.nn.functional as F
from torch import nn


class SelfAttention(nn.Module):
    def __init__(self, channels: int, num_heads: int = 4, attn_p: float = 0.0):
        super().__init__()
        assert channels % num_heads == 0, "channels must be divisible by num_heads"
        self.num_heads = num_heads
        self.scale = (channels // num_heads) ** -0.5
        self.attn_p = attn_p
        self.q = nn.Linear(channels, channels)
        self.kv = nn.Linear(channels, 2 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        B, N, C = x.shape
        q = self.q(x).reshape(B, N, self.num_heads, -1).transpose(1, 2)
        k, v = self.kv(x).reshape(B, N, 2, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        q = q * self.scale  # <<<
        x = F.scaled_dot_product_attention(q, k, v, dropout_p=self.attn_p if self.training else 0.0)
        return self.proj(x.transpose(1, 2).reshape(B, N, C))
