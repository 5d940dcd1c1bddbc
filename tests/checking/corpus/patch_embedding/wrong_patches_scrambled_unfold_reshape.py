# role: patch_embedding
# verdict: wrong
# fault: patches_scrambled
# object: LinearPatchEmbedding
# about: the [N, C p p, P] columns of nn.Unfold are reshaped in place of transposed
# round: held-out
import torch
from torch import nn


class LinearPatchEmbedding(nn.Module):
    def __init__(self, img_shape, patch, width):
        super().__init__()
        c, h, w = img_shape
        self.c, self.patch = c, patch
        self.num = (h // patch) * (w // patch)
        self.lin = nn.Linear(c * patch * patch, width)
        self.pos = nn.Parameter(torch.randn(self.num, width) * .02)

    def forward(self, x):
        cols = nn.functional.unfold(x, self.patch, stride=self.patch)
        cols = cols.reshape(x.shape[0], self.num, -1)  # <<<
        return self.lin(cols) + self.pos
