# role: multi_head_attention
# verdict: right
# object: MultiheadSelfAttention
# about: raw nn.Parameter matrices per head and einsum, no biases at all
import math
import torch
from torch import nn, einsum


class MultiheadSelfAttention(nn.Module):
    """Multi-head self-attention, one W_q, W_k, W_v and W_o per head, summed at the end."""

    def __init__(self, d_model=32, n_heads=4):
        super().__init__()
        d_head = d_model // n_heads
        self.d_head = d_head
        bound = 1 / math.sqrt(d_model)
        self.W_Q = nn.Parameter(torch.empty(n_heads, d_model, d_head).uniform_(-bound, bound))
        self.W_K = nn.Parameter(torch.empty(n_heads, d_model, d_head).uniform_(-bound, bound))
        self.W_V = nn.Parameter(torch.empty(n_heads, d_model, d_head).uniform_(-bound, bound))
        self.W_O = nn.Parameter(torch.empty(n_heads, d_head, d_model).uniform_(-bound, bound))

    def forward(self, x):
        q = einsum("nld,hde->hnle", x, self.W_Q)
        k = einsum("nld,hde->hnle", x, self.W_K)
        v = einsum("nld,hde->hnle", x, self.W_V)
        s = einsum("hnqe,hnke->hnqk", q, k) / math.sqrt(self.d_head)
        a = s.softmax(dim=3)
        z = einsum("hnqk,hnke->hnqe", a, v)
        return einsum("hnqe,hed->nqd", z, self.W_O)
