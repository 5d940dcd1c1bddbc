# role: multi_head_attention
# verdict: wrong
# fault: softmax_axis
# object: Attention
# about: in the second einsum the sum runs over the queries, so the transposed weights are applied
# round: held-out
import torch
from torch import nn
from einops import rearrange


class Attention(nn.Module):
    def __init__(self, dim, heads=8, dim_head=8):
        super().__init__()
        inner = heads * dim_head
        self.heads = heads
        self.scale = dim_head ** -0.5
        self.to_qkv = nn.Linear(dim, 3 * inner, bias=False)
        self.to_out = nn.Linear(inner, dim)

    def forward(self, x):
        q, k, v = rearrange(self.to_qkv(x), 'b n (s h d) -> s b h n d', s=3, h=self.heads)
        sim = torch.einsum('b h i d, b h j d -> b h i j', q, k) * self.scale
        attn = sim.softmax(dim=-1)
        out = torch.einsum('b h i j, b h i d -> b h j d', attn, v)  # <<<
        return self.to_out(rearrange(out, 'b h n d -> b n (h d)'))
