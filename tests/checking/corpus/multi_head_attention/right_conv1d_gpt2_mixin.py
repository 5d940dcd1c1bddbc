# role: multi_head_attention
# verdict: right
# object: Attention
# about: OpenAI-style Conv1D (weight [in, out]) for the projections and a mixin for splitting heads, key split already transposed
# round: held-out
import math
from types import SimpleNamespace

import torch
from torch import nn

DEFAULTS = SimpleNamespace(n_embd=48, n_head=6, attn_pdrop=0.1, resid_pdrop=0.1)


class Conv1D(nn.Module):
    def __init__(self, nf, nx):
        super().__init__()
        self.nf = nf
        self.weight = nn.Parameter(torch.empty(nx, nf).normal_(std=0.02))
        self.bias = nn.Parameter(torch.zeros(nf))

    def forward(self, x):
        size_out = x.size()[:-1] + (self.nf,)
        x = torch.addmm(self.bias, x.view(-1, x.size(-1)), self.weight)
        return x.view(*size_out)


class HeadsMixin:
    def split_heads(self, x, k=False):
        new_x_shape = x.size()[:-1] + (self.n_head, x.size(-1) // self.n_head)
        x = x.view(*new_x_shape)
        if k:
            return x.permute(0, 2, 3, 1)
        return x.permute(0, 2, 1, 3)

    def merge_heads(self, x):
        x = x.permute(0, 2, 1, 3).contiguous()
        return x.view(*x.size()[:-2], x.size(-2) * x.size(-1))


class Attention(HeadsMixin, nn.Module):
    """Bidirectional attention. attention_mask is additive: 0 keeps, a large negative number hides."""

    def __init__(self, config=DEFAULTS):
        super().__init__()
        nx = config.n_embd
        assert nx % config.n_head == 0
        self.n_head = config.n_head
        self.c_attn = Conv1D(nx * 3, nx)
        self.c_proj = Conv1D(nx, nx)
        self.attn_dropout = nn.Dropout(config.attn_pdrop)
        self.resid_dropout = nn.Dropout(config.resid_pdrop)

    def _attn(self, q, k, v, attention_mask=None):
        w = torch.matmul(q, k)
        w = w / math.sqrt(v.size(-1))
        if attention_mask is not None:
            w = w + attention_mask
        w = self.attn_dropout(nn.Softmax(dim=-1)(w))
        return torch.matmul(w, v)

    def forward(self, x, attention_mask=None):
        query, key, value = self.c_attn(x).split(x.size(-1), dim=2)
        a = self._attn(self.split_heads(query), self.split_heads(key, k=True), self.split_heads(value), attention_mask)
        return self.resid_dropout(self.c_proj(self.merge_heads(a)))
