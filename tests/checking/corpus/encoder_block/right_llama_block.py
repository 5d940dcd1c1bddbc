# role: encoder_block
# verdict: right
# object: LlamaBlock
# about: RMS norms, rotated queries and keys, two queries a key, a gated MLP, causal
import torch
import torch.nn as nn
import torch.nn.functional as F


class RMS(nn.Module):
    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.eps, self.gain = eps, nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return x / torch.sqrt((x * x).mean(-1, keepdim=True) + self.eps) * self.gain


def turned(x, base=10000.0):
    length, d = x.shape[-2:]
    angle = torch.arange(length)[:, None] * base ** (-torch.arange(0, d, 2) / d)
    even, odd = x[..., ::2], x[..., 1::2]
    return torch.stack([even * angle.cos() - odd * angle.sin(), even * angle.sin() + odd * angle.cos()], -1).flatten(-2)


class LlamaBlock(nn.Module):
    def __init__(self, dim, n_heads, hidden_dim):
        super().__init__()
        self.n_heads, self.d = n_heads, dim // n_heads
        self.wq = nn.Linear(dim, dim, bias=False)
        self.wk = nn.Linear(dim, self.d, bias=False)
        self.wv = nn.Linear(dim, self.d, bias=False)
        self.wo = nn.Linear(dim, dim, bias=False)
        self.gate, self.up = nn.Linear(dim, hidden_dim, bias=False), nn.Linear(dim, hidden_dim, bias=False)
        self.down = nn.Linear(hidden_dim, dim, bias=False)
        self.attention_norm, self.ffn_norm = RMS(dim), RMS(dim)

    def attend(self, x):
        n, l, _ = x.shape
        q = turned(self.wq(x).view(n, l, self.n_heads, self.d).transpose(1, 2))
        k = turned(self.wk(x).view(n, l, 1, self.d).transpose(1, 2)).repeat_interleave(self.n_heads, 1)
        v = self.wv(x).view(n, l, 1, self.d).transpose(1, 2).repeat_interleave(self.n_heads, 1)
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.wo(out.transpose(1, 2).reshape(n, l, -1))

    def forward(self, x):
        x = x + self.attend(self.attention_norm(x))
        h = self.ffn_norm(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))
