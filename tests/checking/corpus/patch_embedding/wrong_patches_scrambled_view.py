# role: patch_embedding
# verdict: wrong
# fault: patches_scrambled
# object: PatchEmbedding
# about: the image memory is cut into equal pieces by view, which are not square patches
import torch
import torch.nn as nn


class PatchEmbedding(nn.Module):
    """Splits an image into patches and embeds each of them."""

    def __init__(self, img_size=32, patch_size=8, num_channels=3, emb_dim=64):
        super().__init__()
        self.num_patches = (img_size // patch_size) ** 2
        self.patch_dim = num_channels * patch_size * patch_size
        self.linear = nn.Linear(self.patch_dim, emb_dim)
        self.pos_embedding = nn.Parameter(torch.randn(1, self.num_patches, emb_dim) * 0.02)

    def forward(self, img):
        batch = img.shape[0]
        patches = img.view(batch, self.num_patches, self.patch_dim)  # <<<
        return self.linear(patches) + self.pos_embedding
