"""Periodic embedding of numbers: each feature becomes several, waves of learned frequency.

A linear layer with ReLU follows a jump or a narrow bump in one feature only slowly; a sum of waves
follows it at once, which is what trees do by a split.
"""

from math import pi

import torch
from torch import nn

from etude.shapes import Float, Tensor


class Periodic(nn.Module):
    """x [N D] -> [N D*(d+1)]: each feature x, and beside it d numbers W cos(2 pi (w x + b)).

    w, b: `waves` learned frequencies and phases of each feature; W maps them to d numbers, by a
    matrix of each feature. w starts as N(0, scale^2), b uniform in one period.

    Source: Y. Gorishniy, I. Rubachev, A. Babenko, "On Embeddings for Numerical Features in Tabular
    Deep Learning", 2022, section 3.3, with the phases and the feature itself beside it of D.
    Holzmueller et al., "Better by Default", 2024, appendix A.2 (PBLD).
    """

    def __init__(self, features: int, waves: int, width: int, scale: float) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.empty(features, waves))
        self.b = nn.Parameter(torch.empty(features, waves))
        self.weight = nn.Parameter(torch.empty(features, waves, width))
        self.bias = nn.Parameter(torch.empty(features, width))
        self.scale = scale
        self.init_param()

    def init_param(self) -> None:
        """Draw the frequencies and phases; W keeps the variance of its input."""
        nn.init.normal_(self.w, std=self.scale)
        nn.init.uniform_(self.b, 0, 1)
        nn.init.normal_(self.weight, std=self.weight.shape[1] ** -0.5)
        nn.init.zeros_(self.bias)

    def forward(self, x: Float[Tensor, "N D"]) -> Float[Tensor, "N E"]:
        waves = torch.cos(2 * pi * (x[:, :, None] * self.w + self.b))
        embedded = torch.einsum("ndk,dke->nde", waves, self.weight) + self.bias
        return torch.cat([x[:, :, None], embedded], dim=2).flatten(1)


class Scale(nn.Module):
    """x [N D] times one learned number per feature, which starts at 1: a feature that says nothing
    can be turned down by one number instead of a column of weights.

    Source: D. Holzmueller et al., "Better by Default", 2024, section 3 (scaling layer).
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.ones(features))

    def init_param(self) -> None:
        """All factors 1."""
        nn.init.ones_(self.factor)

    def forward(self, x: Float[Tensor, "N D"]) -> Float[Tensor, "N D"]:
        return x * self.factor
