# role: multi_head_attention
# verdict: wrong
# fault: projection_reused
# object: MultiHeadAttention
# about: the keys are made with the query layer, the key layer never runs
import torch
import torch.nn as nn
from einops import rearrange


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_dim, num_heads, dropout=0.0):
        super().__init__()
        self.num_heads = num_heads
        self.scaling = (emb_dim // num_heads) ** -0.5
        self.query = nn.Linear(emb_dim, emb_dim)
        self.key = nn.Linear(emb_dim, emb_dim)
        self.value = nn.Linear(emb_dim, emb_dim)
        self.linear = nn.Linear(emb_dim, emb_dim)
        self.att_drop = nn.Dropout(dropout)

    def forward(self, x):
        Q = self.query(x)
        K = self.query(x)  # <<<
        V = self.value(x)
        # head 나누기
        Q, K, V = [rearrange(t, 'b n (h d) -> b h n d', h=self.num_heads) for t in (Q, K, V)]
        weight = torch.einsum('bhqd,bhkd->bhqk', Q, K) * self.scaling
        attention = self.att_drop(weight.softmax(dim=-1))
        context = torch.einsum('bhqk,bhkd->bhqd', attention, V)
        context = rearrange(context, 'b h q d -> b q (h d)')
        return self.linear(context)
