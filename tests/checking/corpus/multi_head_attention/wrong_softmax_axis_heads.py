# role: multi_head_attention
# verdict: wrong
# fault: softmax_axis
# object: Attention
# about: nn.Softmax(dim=1) on [B H N N] scores normalises over the heads
import torch
import torch.nn as nn


class Attention(nn.Module):
    def __init__(self, in_dim, n_heads=4, dropout=0.0):
        super().__init__()
        self.n_heads = n_heads
        self.head_dim = in_dim // n_heads
        self.wq = nn.Linear(in_dim, in_dim, bias=False)
        self.wk = nn.Linear(in_dim, in_dim, bias=False)
        self.wv = nn.Linear(in_dim, in_dim, bias=False)
        self.wo = nn.Linear(in_dim, in_dim)
        self.softmax = nn.Softmax(dim=1)  # <<<
        self.dropout = nn.Dropout(dropout)

    def _heads(self, t):
        b, n, _ = t.shape
        return t.reshape(b, n, self.n_heads, self.head_dim).transpose(1, 2)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self._heads(self.wq(x)), self._heads(self.wk(x)), self._heads(self.wv(x))
        attn = self.softmax(q @ k.transpose(2, 3) / self.head_dim ** 0.5)
        out = self.dropout(attn) @ v
        return self.wo(out.transpose(1, 2).reshape(b, n, c))
