# role: vit
# verdict: wrong
# fault: class_token_unused
# object: ViT
# about: the class token is expanded but not concatenated, so token 0 is the first patch
import torch
import torch.nn as nn
import torch.nn.functional as F


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        B, N, C = x.shape
        q, k, v = self.qkv(x).reshape(B, N, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4)
        out = F.scaled_dot_product_attention(q, k, v)
        return self.proj(out.transpose(1, 2).reshape(B, N, C))


class Block(nn.Module):
    def __init__(self, dim, heads, mlp_dim):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = Attention(dim, heads)
        self.mlp = nn.Sequential(nn.Linear(dim, mlp_dim), nn.GELU(), nn.Linear(mlp_dim, dim))

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    def __init__(self, image_size=32, patch_size=8, num_classes=10, dim=32, depth=2, heads=4, mlp_dim=64, channels=3):
        super().__init__()
        self.patch_to_embedding = nn.Conv2d(channels, dim, patch_size, patch_size)
        n = (image_size // patch_size) ** 2
        self.pos_embedding = nn.Parameter(torch.randn(1, n + 1, dim) * 0.02)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.transformer = nn.Sequential(*[Block(dim, heads, mlp_dim) for _ in range(depth)])
        self.mlp_head = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, num_classes))

    def forward(self, img):
        x = self.patch_to_embedding(img).flatten(2).transpose(1, 2)
        cls_tokens = self.cls_token.expand(img.shape[0], -1, -1)  # <<<
        x = x + self.pos_embedding[:, :x.shape[1]]
        x = self.transformer(x)
        return self.mlp_head(x[:, 0])
