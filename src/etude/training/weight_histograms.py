"""Moments of training: how large weights and gradients are, layer by layer, to be drawn later.

A histogram of log10 |x| has the same bins for every layer, at every time, and is cheap to count.
Gradients are computed anew, in eval mode on the same validation samples, so that a moment is a
function of the weights alone: a run that is resumed keeps what an unbroken one would have kept.
"""

import numpy as np
import torch
from torch import nn

from etude.shapes import Batch, Tensor
from etude.tasks.protocol import Phase

LOWEST, HIGHEST, BINS = -9.0, 3.0, 48
"""Powers of ten; what lies beyond counts at the ends, zeros at the low one."""
MOST = 25


def moments(epochs: int) -> set[int]:
    """The epochs that are kept: the start, the end, and at most MOST in all."""
    return set(np.linspace(0, epochs, min(epochs + 1, MOST)).round().astype(int).tolist())


def histogram(x: Tensor) -> np.ndarray:
    """How much of log10 |x| lies in each bin [BINS]: 255 times the square root of its share, which
    in one byte still shows a share of a thousandth."""
    size = x.detach().float().abs().log10().clamp(LOWEST, HIGHEST)
    counts = torch.histc(size.cpu(), BINS, LOWEST, HIGHEST)
    return (255 * (counts / counts.sum()).sqrt()).round().to(torch.uint8).numpy()


def layers(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """(name, weight) of two axes or more, in the model's order."""
    return [(name, p) for name, p in model.named_parameters() if p.ndim > 1]


def summary(model: nn.Module, phases: tuple[Phase, ...], batch: Batch) -> dict[str, np.ndarray]:
    """weights and gradients: histograms [1 1 n BINS] in bytes, as the images of other snapshots, of
    the model's `layers`. A weight that several phases train has the gradient of the first; without
    one, all are zero. In eval mode."""
    named = layers(model)
    gradients: dict[str, np.ndarray] = {}
    # cuDNN sends nothing back through an LSTM in eval mode; torch's own kernels do.
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        for phase in phases:
            own = [(n, p) for n, p in phase.parameters(model) if p.ndim > 1 and n not in gradients]
            if not own:
                continue
            loss = phase.loss(model, batch)
            found = torch.autograd.grad(loss, [p for _, p in own], allow_unused=True)
            for (name, _), gradient in zip(own, found):
                if gradient is not None:
                    gradients[name] = histogram(gradient)
    nothing = np.zeros(BINS, np.uint8)
    return {
        "weights": np.stack([histogram(p) for _, p in named])[None, None],
        "gradients": np.stack([gradients.get(name, nothing) for name, _ in named])[None, None],
    }
