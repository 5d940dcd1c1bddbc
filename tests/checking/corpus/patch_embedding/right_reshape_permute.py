# role: patch_embedding
# verdict: right
# object: PatchEmbedder
# about: six-axis reshape and permute, (height, width) tuple, positions by nn.Embedding, no class token
import torch
import torch.nn as nn


class PatchEmbedder(nn.Module):
    def __init__(self, image_size=(24, 32), patch_size=8, channels=1, d_model=48):
        super().__init__()
        H, W = image_size
        assert H % patch_size == 0 and W % patch_size == 0
        self.p = patch_size
        self.num_patches = (H // patch_size) * (W // patch_size)
        self.linear = nn.Linear(channels * patch_size ** 2, d_model)
        self.pos = nn.Embedding(self.num_patches, d_model)
        self.register_buffer('idx', torch.arange(self.num_patches), persistent=False)

    def patchify(self, x):
        N, C, H, W = x.shape
        x = x.reshape(N, C, H // self.p, self.p, W // self.p, self.p)
        x = x.permute(0, 2, 4, 1, 3, 5)   # N, H', W', C, p, p
        return x.flatten(1, 2).flatten(2)

    def forward(self, x):
        return self.linear(self.patchify(x)) + self.pos(self.idx)
