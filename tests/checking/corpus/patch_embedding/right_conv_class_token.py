# role: patch_embedding
# verdict: right
# object: PatchEmbedding
# about: strided convolution, class token in front and learned positions
import torch
import torch.nn as nn


class PatchEmbedding(nn.Module):
    def __init__(self, img_size=32, patch_size=8, in_channels=3, embed_dim=64):
        super().__init__()
        self.n_patches = (img_size // patch_size) ** 2
        self.proj = nn.Conv2d(in_channels, embed_dim, kernel_size=patch_size, stride=patch_size)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.pos_embed = nn.Parameter(torch.empty(1, self.n_patches + 1, embed_dim).normal_(std=0.02))

    def forward(self, x):
        x = self.proj(x)                  # (n, embed_dim, h', w')
        x = x.flatten(2).transpose(1, 2)  # (n, n_patches, embed_dim)
        cls = self.cls_token.expand(x.shape[0], -1, -1)
        x = torch.cat((cls, x), dim=1)
        return x + self.pos_embed
