# role: transformer
# verdict: wrong
# fault: causal_missing
# object: MiniGPT
# about: a language model without a causal mask reads the token that it is to predict
import torch
from torch import nn


class Layer(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.a, self.b = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.att = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x):
        h = self.a(x)
        x = x + self.att(h, h, h, need_weights=False)[0]  # <<<
        return x + self.mlp(self.b(x))


class MiniGPT(nn.Module):
    """Next-token prediction."""

    def __init__(self, vocab_size, dim=32, heads=4, n_layers=2, block_size=16):
        super().__init__()
        self.tok, self.pos = nn.Embedding(vocab_size, dim), nn.Embedding(block_size, dim)
        self.layers = nn.ModuleList([Layer(dim, heads) for _ in range(n_layers)])
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, vocab_size, bias=False)
        self.head.weight = self.tok.weight

    def forward(self, idx):
        x = self.tok(idx) + self.pos(torch.arange(idx.size(1)))
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x))
