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
    """Counts of log10 |x| [BINS]."""
    size = x.detach().float().abs().log10().clamp(LOWEST, HIGHEST)
    counts = torch.histc(size.cpu(), BINS, LOWEST, HIGHEST)
    return counts.numpy().astype(np.int32)


def summary(
    model: nn.Module, phases: tuple[Phase, ...], batch: Batch, epoch: int
) -> dict[str, np.ndarray]:
    """names [n], and histograms of weights and gradients [n BINS], of every weight of two axes or
    more. A weight that several phases train has the gradient of the first. In eval mode."""
    named = [(name, p) for name, p in model.named_parameters() if p.ndim > 1]
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
    nothing = np.zeros(BINS, np.int32)
    return {
        "epoch": np.array(epoch),
        "names": np.array([name for name, _ in named]),
        "weights": np.stack([histogram(p) for _, p in named]),
        "gradients": np.stack([gradients.get(name, nothing) for name, _ in named]),
    }
