# role: patch_embedding
# verdict: right
# object: Patchify
# about: space-to-depth by F.pixel_unshuffle and a 1x1 convolution, class token and positions filled by in-place slices
# round: held-out
import torch
import torch.nn as nn
import torch.nn.functional as F


class Patchify(nn.Module):
    """[N, C, H, W] -> [N, 1 + (H/P)(W/P), D]"""

    def __init__(self, P, D, *, C=3, H=32, W=32):
        super().__init__()
        assert H % P == 0 and W % P == 0
        self.P = P
        self.grid = (H // P, W // P)
        self.mix = nn.Conv2d(C * P * P, D, kernel_size=1)
        self.cls = nn.Parameter(torch.zeros(D))
        self.pos = nn.Parameter(torch.empty(1 + self.grid[0] * self.grid[1], D).normal_(0, 0.02))

    def forward(self, img):
        t = self.mix(F.pixel_unshuffle(img, self.P))  # N, D, H/P, W/P
        t = torch.permute(t, (0, 2, 3, 1)).flatten(1, 2)
        out = t.new_empty(t.size(0), t.size(1) + 1, t.size(2))
        out[:, 0] = self.cls
        out[:, 1:] = t
        return out + self.pos
