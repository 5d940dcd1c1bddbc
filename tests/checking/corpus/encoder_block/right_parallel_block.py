# role: encoder_block
# verdict: right
# object: Block
# about: attention and MLP read the same norm and are added in one sum
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, dim, num_heads, mlp_ratio=4):
        super().__init__()
        self.ln = nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(dim, num_heads, batch_first=True)
        self.fc1, self.fc2 = nn.Linear(dim, mlp_ratio * dim), nn.Linear(mlp_ratio * dim, dim)
        self.act = nn.GELU()

    def forward(self, x):
        h = self.ln(x)
        a, _ = self.attn(h, h, h)
        m = self.fc2(self.act(self.fc1(h)))
        return x + a + m
