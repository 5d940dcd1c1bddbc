# role: patch_embedding
# verdict: wrong
# fault: stride_missing
# object: PatchEmbed
# about: the convolution steps by one pixel, so overlapping windows come out where patches should
# round: held-out
import torch
import torch.nn as nn


class PatchEmbed(nn.Module):
    """Cuts an image [N, C, H, W] into non-overlapping patches, gives [N, num_patches, embed_dim]."""

    def __init__(self, in_chans=3, patch_size=8, embed_dim=32, norm_layer=None):
        super().__init__()
        self.patch_size = (patch_size, patch_size)
        self.proj = nn.Conv2d(in_chans, embed_dim, kernel_size=self.patch_size)  # <<<
        self.norm = norm_layer(embed_dim) if norm_layer else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        B, C, H, W = x.shape
        x = self.proj(x).reshape(B, self.proj.out_channels, -1)
        return self.norm(x.transpose(1, 2))
