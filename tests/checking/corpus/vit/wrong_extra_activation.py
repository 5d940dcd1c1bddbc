# role: vit
# verdict: wrong
# fault: extra_activation
# object: ViT
# about: the MLP of each block ends in a GELU
import torch
import torch.nn as nn


class MLP(nn.Module):
    def __init__(self, sizes, dropout):
        super().__init__()
        layers = []
        for a, b in zip(sizes[:-1], sizes[1:]):
            layers += [nn.Linear(a, b), nn.GELU(), nn.Dropout(dropout)]  # <<<
        self.net = nn.Sequential(*layers)

    def forward(self, x):
        return self.net(x)


class Block(nn.Module):
    def __init__(self, size, heads, dropout):
        super().__init__()
        self.ln_a = nn.LayerNorm(size)
        self.ln_m = nn.LayerNorm(size)
        self.attention = nn.MultiheadAttention(size, heads, dropout=dropout, batch_first=True)
        self.mlp = MLP([size, 4 * size, size], dropout)

    def forward(self, x):
        y = self.ln_a(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.ln_m(x))


class ViT(nn.Module):
    def __init__(self, image_size=16, patch=4, channels=3, size=32, blocks=2, heads=4, classes=10, dropout=0.0):
        super().__init__()
        self.patch_embed = nn.Conv2d(channels, size, patch, patch)
        self.cls = nn.Parameter(torch.zeros(1, 1, size))
        self.pos = nn.Parameter(torch.randn(1, (image_size // patch) ** 2 + 1, size) * 0.02)
        self.blocks = nn.ModuleList(Block(size, heads, dropout) for _ in range(blocks))
        self.ln = nn.LayerNorm(size)
        self.head = nn.Linear(size, classes)

    def forward(self, image):
        x = self.patch_embed(image).flatten(2).mT
        x = torch.cat([self.cls.expand(len(x), -1, -1), x], 1) + self.pos
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln(x)[:, 0])
