# role: multi_head_attention
# verdict: wrong
# fault: query_projection_unused
# object: MHA
# about: the query is split into heads without its projection
import torch
from torch import nn
from einops import rearrange


class MHA(nn.Module):
    def __init__(self, emb_dim, num_heads, dropout_ratio=0.0):
        super().__init__()
        self.emb_dim = emb_dim
        self.num_heads = num_heads
        self.scaling = (emb_dim // num_heads) ** -0.5
        self.query = nn.Linear(emb_dim, emb_dim)
        self.key = nn.Linear(emb_dim, emb_dim)
        self.value = nn.Linear(emb_dim, emb_dim)
        self.att_drop = nn.Dropout(dropout_ratio)
        self.linear = nn.Linear(emb_dim, emb_dim)

    def forward(self, x):
        Q = rearrange(x, 'b q (h d) -> b h q d', h=self.num_heads)  # <<<
        K = rearrange(self.key(x), 'b k (h d) -> b h d k', h=self.num_heads)
        V = rearrange(self.value(x), 'b v (h d) -> b h v d', h=self.num_heads)

        weight = torch.matmul(Q, K) * self.scaling
        attention = torch.softmax(weight, dim=-1)
        context = torch.matmul(self.att_drop(attention), V)
        context = rearrange(context, 'b h q d -> b q (h d)')
        return self.linear(context), attention
