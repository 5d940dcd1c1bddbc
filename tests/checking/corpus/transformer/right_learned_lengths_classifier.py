# role: transformer
# verdict: right
# object: TransformerClassifier
# about: token ids and lengths to logits, learned positions, mean over the real steps only
import torch
import torch.nn as nn


class Block(nn.Module):
    def __init__(self, dim, heads, hidden, p):
        super().__init__()
        self.ln1 = nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(dim, heads, dropout=p, batch_first=True)
        self.ln2 = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))
        self.drop = nn.Dropout(p)

    def forward(self, x, pad):
        h = self.ln1(x)
        x = x + self.drop(self.attn(h, h, h, key_padding_mask=pad, need_weights=False)[0])
        return x + self.drop(self.mlp(self.ln2(x)))


class TransformerClassifier(nn.Module):
    def __init__(self, vocab_size=100, num_classes=2, dim=32, heads=4, depth=2, hidden=64, max_len=128, p=0.1):
        super().__init__()
        self.tok = nn.Embedding(vocab_size, dim)
        self.pos = nn.Embedding(max_len, dim)
        self.blocks = nn.ModuleList([Block(dim, heads, hidden, p) for _ in range(depth)])
        self.ln = nn.LayerNorm(dim)
        self.fc = nn.Linear(dim, num_classes)

    def forward(self, ids, lengths=None):
        N, L = ids.shape
        steps = torch.arange(L, device=ids.device)
        if lengths is None:
            lengths = torch.full((N,), L, device=ids.device)
        pad = steps[None] >= lengths[:, None]      # True: padding
        x = self.tok(ids) + self.pos(steps)
        for block in self.blocks:
            x = block(x, pad)
        x = self.ln(x)
        keep = (~pad).unsqueeze(-1).to(x.dtype)
        return self.fc((x * keep).sum(1) / keep.sum(1))
