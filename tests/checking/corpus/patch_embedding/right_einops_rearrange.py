# role: patch_embedding
# verdict: right
# object: PatchEmbedding
# about: einops Rearrange layer inside a Sequential, class token by repeat, randn initial values
import torch
from torch import nn
from einops import repeat
from einops.layers.torch import Rearrange


class PatchEmbedding(nn.Module):
    def __init__(self, in_channels: int = 3, patch_size: int = 4, emb_dim: int = 32, img_size: int = 16):
        super().__init__()
        self.patch_size = patch_size
        self.projection = nn.Sequential(
            # (p1 p2 c) 순서로 펼친다
            Rearrange('b c (h p1) (w p2) -> b (h w) (p1 p2 c)', p1=patch_size, p2=patch_size),
            nn.Linear(patch_size * patch_size * in_channels, emb_dim)
        )
        self.cls_token = nn.Parameter(torch.randn(1, 1, emb_dim))
        self.positions = nn.Parameter(torch.randn((img_size // patch_size) ** 2 + 1, emb_dim))

    def forward(self, x):
        b = x.shape[0]
        x = self.projection(x)
        c = repeat(self.cls_token, '() n d -> b n d', b=b)
        x = torch.cat((c, x), dim=1)
        x = x + self.positions
        return x
