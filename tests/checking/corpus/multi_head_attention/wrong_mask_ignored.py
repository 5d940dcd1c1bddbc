# role: multi_head_attention
# verdict: wrong
# fault: mask_ignored
# object: MultiHeadedSelfAttention
# about: the result of masked_fill (not in place) is thrown away
import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiHeadedSelfAttention(nn.Module):
    """Multi-Headed Dot Product Attention

    mask: (B, S), 1 for real tokens and 0 for padding
    """
    def __init__(self, dim, num_heads, dropout=0.1):
        super().__init__()
        self.proj_q = nn.Linear(dim, dim)
        self.proj_k = nn.Linear(dim, dim)
        self.proj_v = nn.Linear(dim, dim)
        self.proj_out = nn.Linear(dim, dim)
        self.drop = nn.Dropout(dropout)
        self.n_heads = num_heads

    def split_last(self, x):
        B, S, D = x.shape
        return x.view(B, S, self.n_heads, D // self.n_heads).transpose(1, 2)

    def forward(self, x, mask=None):
        q, k, v = self.proj_q(x), self.proj_k(x), self.proj_v(x)
        q, k, v = (self.split_last(t) for t in [q, k, v])
        scores = q @ k.transpose(-2, -1) / k.size(-1) ** 0.5
        if mask is not None:
            scores.masked_fill(mask[:, None, None, :] == 0, float('-inf'))  # <<<
        scores = self.drop(F.softmax(scores, dim=-1))
        h = (scores @ v).transpose(1, 2).flatten(-2)
        return self.proj_out(h)
