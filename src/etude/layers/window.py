"""Windows of series that are centred and scaled by themselves, so that a level that drifts away
from training does not matter.

Source: T. Kim et al., "Reversible Instance Normalization for Accurate Time-Series Forecasting
against Distribution Shift", ICLR 2022, without the learned factors.

    x [N T Q]: the value is feature 0 of the first `past` steps -> level and spread [N 2]
"""

import torch

from etude.shapes import Float, Tensor

FLOOR = 1e-5
"""Is added to the variance: a window may be constant."""


def levels(x: Float[Tensor, "N T Q"], past: int) -> Float[Tensor, "N 2"]:
    """The mean of the value in each window, and its standard deviation."""
    value = x[:, :past, 0]
    variance, mean = torch.var_mean(value, 1, correction=0)
    return torch.stack((mean, (variance + FLOOR).sqrt()), 1)


def relative(
    x: Float[Tensor, "N T Q"], window: Float[Tensor, "N 2"], past: int
) -> Float[Tensor, "N T Q"]:
    """x with the value in spreads from the level of its window; a copy."""
    x = x.clone()
    x[:, :past, 0] = (x[:, :past, 0] - window[:, :1]) / window[:, 1:]
    return x
