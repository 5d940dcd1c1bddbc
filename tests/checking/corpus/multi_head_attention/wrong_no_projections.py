# role: multi_head_attention
# verdict: wrong
# fault: no_projections
# object: MultiHeadAttention
# about: the input is split in heads and attended to with no weights at all
import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        assert d_model % num_heads == 0
        self.num_heads = num_heads
        self.depth = d_model // num_heads

    def split_heads(self, x):
        batch, length, _ = x.shape
        return x.reshape(batch, length, self.num_heads, self.depth).transpose(1, 2)

    def forward(self, q, k, v):
        q, k, v = self.split_heads(q), self.split_heads(k), self.split_heads(v)  # <<<
        scores = q @ k.mT / self.depth ** 0.5
        out = F.softmax(scores, dim=-1) @ v
        batch, _, length, _ = out.shape
        return out.transpose(1, 2).reshape(batch, length, -1)
