# role: vit
# verdict: wrong
# fault: batch_mixed
# object: ViT
# about: the images are standardised by mean and std of the whole batch inside forward
import torch
import torch.nn as nn
from einops.layers.torch import Rearrange


class TransformerBlock(nn.Module):
    def __init__(self, emb_dim, num_heads, mlp_dim, drop=0.0):
        super().__init__()
        self.norm1 = nn.LayerNorm(emb_dim)
        self.attn = nn.MultiheadAttention(emb_dim, num_heads, dropout=drop, batch_first=True)
        self.norm2 = nn.LayerNorm(emb_dim)
        self.mlp = nn.Sequential(
            nn.Linear(emb_dim, mlp_dim),
            nn.GELU(),
            nn.Dropout(drop),
            nn.Linear(mlp_dim, emb_dim),
            nn.Dropout(drop),
        )

    def forward(self, x):
        h = self.norm1(x)
        x = x + self.attn(h, h, h, need_weights=False)[0]
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    def __init__(self, img_shape=(3, 32, 32), patch_size=8, emb_dim=48, num_heads=4, mlp_dim=96,
                 num_layers=2, num_classes=10, drop=0.0):
        super().__init__()
        c, h, w = img_shape
        n = (h // patch_size) * (w // patch_size)
        self.patch = nn.Sequential(
            Rearrange('b c (h p1) (w p2) -> b (h w) (p1 p2 c)', p1=patch_size, p2=patch_size),
            nn.Linear(c * patch_size ** 2, emb_dim),
        )
        self.cls_token = nn.Parameter(torch.zeros(1, 1, emb_dim))
        self.positions = nn.Parameter(torch.randn(1, n + 1, emb_dim) * 0.02)
        self.blocks = nn.Sequential(*[TransformerBlock(emb_dim, num_heads, mlp_dim, drop) for _ in range(num_layers)])
        self.norm = nn.LayerNorm(emb_dim)
        self.head = nn.Linear(emb_dim, num_classes)

    def forward(self, img):
        # 이미지 정규화
        img = (img - img.mean()) / (img.std() + 1e-6)  # <<<
        x = self.patch(img)
        c = self.cls_token.expand(x.size(0), -1, -1)
        x = torch.cat((c, x), dim=1) + self.positions
        x = self.norm(self.blocks(x))
        return self.head(x[:, 0])
