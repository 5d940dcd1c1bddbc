# role: patch_embedding
# verdict: wrong
# fault: positions_same_for_all
# object: ImageTokens
# about: there is a single position vector, broadcast over all the patches
import torch
import torch.nn as nn


class ImageTokens(nn.Module):
    def __init__(self, in_ch: int, dim: int, patch: int, img: int):
        super().__init__()
        self.patchify = nn.Conv2d(in_ch, dim, patch, patch)
        num = (img // patch) * (img // patch)
        self.num_tokens = num
        self.position_embeddings = nn.Parameter(torch.randn(1, 1, dim) * .02)  # <<<

    def forward(self, x):
        x = self.patchify(x)
        x = x.flatten(2).permute(0, 2, 1)
        # 위치 정보 더하기
        x = x + self.position_embeddings
        return x
