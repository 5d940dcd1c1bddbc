# role: multi_head_attention
# verdict: right
# object: MultiHeadAttention
# about: einops rearrange in the style of the course notes, keys laid out as b h d k
import torch
import torch.nn as nn
from einops import rearrange


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_dim: int = 64, num_heads: int = 4, dropout_ratio: float = 0.0):
        super().__init__()
        self.emb_dim = emb_dim
        self.num_heads = num_heads
        self.scaling = (self.emb_dim // num_heads) ** -0.5

        self.query = nn.Linear(emb_dim, emb_dim)
        self.key = nn.Linear(emb_dim, emb_dim)
        self.value = nn.Linear(emb_dim, emb_dim)
        self.linear = nn.Linear(emb_dim, emb_dim)
        self.att_drop = nn.Dropout(dropout_ratio)

    def forward(self, x):
        # query, key , value
        Q = self.query(x)
        K = self.key(x)
        V = self.value(x)
        Q = rearrange(Q, 'b q (h d) -> b h q d', h=self.num_heads)
        K = rearrange(K, 'b k (h d) -> b h d k', h=self.num_heads)
        V = rearrange(V, 'b v (h d) -> b h v d', h=self.num_heads)

        # scaled dot-product
        weight = torch.matmul(Q, K)
        weight = weight * self.scaling
        attention = torch.softmax(weight, dim=-1)
        attention = self.att_drop(attention)

        context = torch.matmul(attention, V)
        context = rearrange(context, 'b h q d -> b q (h d)')
        x = self.linear(context)
        return x, attention
