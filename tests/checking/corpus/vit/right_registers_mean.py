# role: vit
# verdict: right
# object: ViT
# about: registers behind the patches, sines for rows and columns, the mean of the patches is read
import torch
from torch import nn


def grid(h, w, dim):
    y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    omega = 1.0 / (10000 ** (torch.arange(dim // 4) / (dim // 4 - 1)))
    y, x = y.flatten()[:, None] * omega, x.flatten()[:, None] * omega
    return torch.cat((x.sin(), x.cos(), y.sin(), y.cos()), dim=1)


class Block(nn.Module):
    def __init__(self, dim, heads, mlp_dim):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.att = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(dim, mlp_dim), nn.GELU(), nn.Linear(mlp_dim, dim))

    def forward(self, x):
        h = self.n1(x)
        x = x + self.att(h, h, h, need_weights=False)[0]
        return x + self.mlp(self.n2(x))


class ViT(nn.Module):
    def __init__(self, *, image_size=32, patch_size=8, num_classes=10, dim=32, depth=2, heads=4, mlp_dim=64, channels=3, num_registers=2):
        super().__init__()
        self.p = patch_size
        self.embed = nn.Sequential(nn.LayerNorm(channels * patch_size**2), nn.Linear(channels * patch_size**2, dim), nn.LayerNorm(dim))
        self.registers = nn.Parameter(torch.randn(num_registers, dim))
        self.register_buffer("places", grid(image_size // patch_size, image_size // patch_size, dim))
        self.blocks = nn.Sequential(*[Block(dim, heads, mlp_dim) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, num_classes)

    def forward(self, img):
        n, c, h, w = img.shape
        p = self.p
        x = img.view(n, c, h // p, p, w // p, p).permute(0, 2, 4, 3, 5, 1).reshape(n, -1, p * p * c)
        x = self.embed(x) + self.places
        x = torch.cat([x, self.registers.expand(n, -1, -1)], 1)
        x = self.norm(self.blocks(x))[:, : -len(self.registers)]
        return self.head(x.mean(1))
