# role: transformer
# verdict: right
# object: RoFormer
# about: no table of positions: queries and keys are rotated (RoPE), RMS norms, encoder for [N L Q] series
# round: held-out
import torch
import torch.nn as nn
import torch.nn.functional as F


def rotate_half(x):
    x1, x2 = x.chunk(2, dim=-1)
    return torch.cat((-x2, x1), dim=-1)


class Rotary(nn.Module):
    def __init__(self, dim, base=10000):
        super().__init__()
        inv_freq = 1.0 / (base ** (torch.arange(0, dim, 2).float() / dim))
        self.register_buffer("inv_freq", inv_freq, persistent=False)

    def forward(self, q, k):
        t = torch.arange(q.shape[-2], device=q.device).to(self.inv_freq)
        freqs = torch.outer(t, self.inv_freq)
        emb = torch.cat((freqs, freqs), dim=-1)
        cos, sin = emb.cos(), emb.sin()
        return q * cos + rotate_half(q) * sin, k * cos + rotate_half(k) * sin


class RMSNorm(nn.Module):
    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)


class Layer(nn.Module):
    def __init__(self, dim, heads, p):
        super().__init__()
        self.heads = heads
        self.norm_att, self.norm_ffn = RMSNorm(dim), RMSNorm(dim)
        self.wqkv = nn.Linear(dim, 3 * dim, bias=False)
        self.wo = nn.Linear(dim, dim, bias=False)
        self.rotary = Rotary(dim // heads)
        self.w1 = nn.Linear(dim, 2 * dim, bias=False)
        self.w2 = nn.Linear(2 * dim, dim, bias=False)
        self.w3 = nn.Linear(dim, 2 * dim, bias=False)
        self.p = p

    def forward(self, x):
        n, l, d = x.shape
        q, k, v = self.wqkv(self.norm_att(x)).view(n, l, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k = self.rotary(q, k)
        a = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, l, d)
        x = x + F.dropout(self.wo(a), self.p, self.training)
        h = self.norm_ffn(x)
        return x + F.dropout(self.w2(F.silu(self.w1(h)) * self.w3(h)), self.p, self.training)


class RoFormer(nn.Module):
    def __init__(self, in_features=6, dim=32, heads=4, depth=2, p=0.1):
        super().__init__()
        self.embed = nn.Linear(in_features, dim)
        self.layers = nn.ModuleList([Layer(dim, heads, p) for _ in range(depth)])
        self.norm = RMSNorm(dim)

    def forward(self, x):
        h = self.embed(x)
        for layer in self.layers:
            h = layer(h)
        return self.norm(h)
