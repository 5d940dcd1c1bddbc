# role: patch_embedding
# verdict: wrong
# fault: patches_scrambled
# object: PatchEmbed
# about: the convolution's [N D h w] output is reshaped to [N P D] without moving the channel axis
import torch
import torch.nn as nn


class PatchEmbed(nn.Module):
    def __init__(self, image_size=28, patch_size=7, in_chans=1, d_model=32):
        super().__init__()
        self.d_model = d_model
        self.linear_project = nn.Conv2d(in_chans, d_model, kernel_size=patch_size, stride=patch_size)
        self.cls_token = nn.Parameter(torch.randn(1, 1, d_model))
        self.pos = nn.Parameter(torch.randn(1, (image_size // patch_size) ** 2 + 1, d_model))

    def forward(self, x):
        x = self.linear_project(x)  # (B, C, H, W) -> (B, d_model, P_row, P_col)
        x = x.reshape(x.size(0), -1, self.d_model)  # <<<
        tokens = self.cls_token.expand(x.size(0), -1, -1)
        x = torch.cat([tokens, x], dim=1)
        return x + self.pos
