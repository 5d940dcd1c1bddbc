# role: transformer
# verdict: right
# object: Transformer
# about: a stack of pairs with their sums in the loop; tokens come in embedded
from torch import nn


class FeedForward(nn.Module):
    def __init__(self, dim, hidden_dim, dropout=0.0):
        super().__init__()
        self.net = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, hidden_dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden_dim, dim), nn.Dropout(dropout))

    def forward(self, x):
        return self.net(x)


class Attention(nn.Module):
    def __init__(self, dim, heads=8, dim_head=64):
        super().__init__()
        self.heads, inner = heads, heads * dim_head
        self.norm = nn.LayerNorm(dim)
        self.to_qkv, self.to_out = nn.Linear(dim, inner * 3, bias=False), nn.Linear(inner, dim, bias=False)
        self.scale = dim_head**-0.5

    def forward(self, x):
        x = self.norm(x)
        n, l, _ = x.shape
        q, k, v = (t.reshape(n, l, self.heads, -1).transpose(1, 2) for t in self.to_qkv(x).chunk(3, dim=-1))
        w = (q @ k.transpose(-1, -2) * self.scale).softmax(-1)
        return self.to_out((w @ v).transpose(1, 2).reshape(n, l, -1))


class Transformer(nn.Module):
    def __init__(self, dim, depth, heads, dim_head, mlp_dim):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.layers = nn.ModuleList([nn.ModuleList([Attention(dim, heads, dim_head), FeedForward(dim, mlp_dim)]) for _ in range(depth)])

    def forward(self, x):
        for attn, ff in self.layers:
            x = attn(x) + x
            x = ff(x) + x
        return self.norm(x)
