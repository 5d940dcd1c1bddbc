# role: vit
# verdict: wrong
# fault: block_outputs_discarded
# object: VisionTransformer
# about: the blocks run but x is never assigned, the logits come from the embedded patches alone
import torch
import torch.nn as nn


class Block(nn.Module):
    def __init__(self, dim, n_heads, mlp_ratio=2.0, p=0.):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = nn.MultiheadAttention(dim, n_heads, dropout=p, batch_first=True)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(dim, int(dim * mlp_ratio)), nn.GELU(), nn.Dropout(p),
                                 nn.Linear(int(dim * mlp_ratio), dim), nn.Dropout(p))

    def forward(self, x):
        h = self.norm1(x)
        x = x + self.attn(h, h, h, need_weights=False)[0]
        x = x + self.mlp(self.norm2(x))
        return x


class VisionTransformer(nn.Module):
    def __init__(self, img_size=32, patch_size=8, in_chans=3, n_classes=10, embed_dim=48, depth=2, n_heads=4):
        super().__init__()
        self.patch_embed = nn.Conv2d(in_chans, embed_dim, patch_size, patch_size)
        self.pos_embed = nn.Parameter(torch.randn(1, (img_size // patch_size) ** 2, embed_dim) * 0.02)
        self.blocks = nn.ModuleList([Block(embed_dim, n_heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(embed_dim, eps=1e-6)
        self.head = nn.Linear(embed_dim, n_classes)

    def forward(self, x):
        x = self.patch_embed(x).flatten(2).transpose(1, 2)
        x = x + self.pos_embed

        for block in self.blocks:
            block(x)  # <<<

        x = self.norm(x)
        return self.head(x.mean(dim=1))
