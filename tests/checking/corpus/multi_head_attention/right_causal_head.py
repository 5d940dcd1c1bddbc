# role: multi_head_attention
# verdict: right
# object: Head
# about: one causal head with its own products
import math
import torch
from torch import nn
import torch.nn.functional as F


class Head(nn.Module):
    def __init__(self, n_embed, head_size, block_size):
        super().__init__()
        self.key, self.query, self.value = (nn.Linear(n_embed, head_size, bias=False) for _ in range(3))
        self.register_buffer("seen", torch.ones(block_size, block_size).tril())

    def forward(self, x):
        length = x.shape[1]
        q, k, v = self.query(x), self.key(x), self.value(x)
        scores = (q @ k.transpose(1, 2) * k.shape[-1] ** -0.5).masked_fill(self.seen[:length, :length] == 0, float("-inf"))
        return scores.softmax(-1) @ v
