# role: patch_embedding
# verdict: wrong
# fault: height_width_swapped
# object: PatchEmbed
# about: the grid is kept as (width, height) and used as (height, width); harmless for squares only
import torch
import torch.nn as nn


class PatchEmbed(nn.Module):
    """img_size is (height, width); x is (N, C, height, width)."""

    def __init__(self, img_size=(16, 32), patch_size=4, in_chans=3, embed_dim=32):
        super().__init__()
        height, width = img_size
        self.patch_size = patch_size
        self.grid = (width // patch_size, height // patch_size)  # <<<
        self.num_patches = self.grid[0] * self.grid[1]
        self.embed = nn.Linear(in_chans * patch_size ** 2, embed_dim)
        self.pos_embed = nn.Parameter(torch.zeros(1, self.num_patches, embed_dim))
        nn.init.trunc_normal_(self.pos_embed, std=0.02)

    def forward(self, x):
        B, C = x.shape[:2]
        rows, cols = self.grid
        p = self.patch_size
        x = x.reshape(B, C, rows, p, cols, p)
        x = x.permute(0, 2, 4, 3, 5, 1).reshape(B, self.num_patches, p * p * C)
        return self.embed(x) + self.pos_embed
