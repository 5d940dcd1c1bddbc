# role: patch_embedding
# verdict: right
# object: PatchEmbed
# about: nn.Unfold and a linear layer, patches only, rectangular images allowed
import torch
from torch import nn, Tensor


class PatchEmbed(nn.Module):
    """(N, C, H, W) -> (N, H*W/p^2, dim)"""

    def __init__(self, channels: int, patch: int, dim: int) -> None:
        super().__init__()
        self.unfold = nn.Unfold(kernel_size=patch, stride=patch)
        self.fc = nn.Linear(channels * patch * patch, dim)

    def forward(self, img: Tensor) -> Tensor:
        cols = self.unfold(img)              # N, C*p*p, P
        return self.fc(cols.transpose(1, 2))
