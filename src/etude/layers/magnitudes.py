"""Magnitudes of weights and gradients as histograms of log10 |x|.

The bins are the same for every layer, run and epoch, so a histogram needs no description of its
own: whoever reads one needs only the range below.
"""

import numpy as np
import torch
from torch import nn

from etude.shapes import Float, Tensor

LOWEST, HIGHEST, BINS = -9.0, 3.0, 48
"""Range in powers of ten, four bins per power; values beyond count in the first or last bin, zeros
in the first."""


def histogram(x: Float[Tensor, "..."]) -> np.ndarray:
    """Histogram of log10 |x| [BINS] in bytes: 255 times the square root of each bin's fraction."""
    # log10(0) is -inf, which clamp puts into the first bin.
    size = x.detach().float().abs().log10().clamp(LOWEST, HIGHEST)
    # The square root, because one byte of the fraction itself would round 0.001 to 0.
    counts = torch.histc(size.cpu(), BINS, LOWEST, HIGHEST)
    return (255 * (counts / counts.sum()).sqrt()).round().to(torch.uint8).numpy()


def matrices(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """(name, parameter) of all weights with two or more axes, in the model's order."""
    # Biases and norms are few numbers that start at 0 or 1: their histograms would say little.
    return [(name, p) for name, p in model.named_parameters() if p.ndim > 1]
