# role: patch_embedding
# verdict: wrong
# fault: positions_missing
# object: PatchEmbedding
# about: a position parameter is declared but never added
import torch
from torch import nn
from einops import rearrange, repeat


class PatchEmbedding(nn.Module):
    def __init__(self, channels=3, patch_size=4, dim=32, image_size=16, dropout=0.0):
        super().__init__()
        self.p = patch_size
        n = (image_size // patch_size) ** 2
        self.to_token = nn.Linear(channels * patch_size ** 2, dim)
        self.cls_token = nn.Parameter(torch.randn(1, 1, dim))
        self.pos_embedding = nn.Parameter(torch.randn(1, n + 1, dim))
        self.dropout = nn.Dropout(dropout)

    def forward(self, img):
        x = rearrange(img, 'b c (h p1) (w p2) -> b (h w) (p1 p2 c)', p1=self.p, p2=self.p)
        x = self.to_token(x)
        cls_tokens = repeat(self.cls_token, '1 1 d -> b 1 d', b=img.shape[0])
        x = torch.cat((cls_tokens, x), dim=1)  # <<<
        return self.dropout(x)
