"""Histograms of weights and gradients by layer, recorded during training for later pictures.

A histogram of log10 |x| has the same bins for every layer and epoch and is cheap to compute.
Gradients are computed separately from training, in eval mode on fixed validation samples, so that
a histogram is a function of the weights alone: a resumed run records the same as an uninterrupted
one.
"""

import numpy as np
import torch
from torch import nn

from etude.layers.gaussian import torch_noise
from etude.shapes import Batch, Tensor
from etude.tasks.protocol import Phase

LOWEST, HIGHEST, BINS = -9.0, 3.0, 48
"""Range in powers of ten, four bins per power; values beyond count in the first or last bin, zeros
in the first."""
MOST = 25
"""Epochs with histograms in a run, at most."""


def histogram_epochs(epochs: int) -> set[int]:
    """The epochs to record: 0, the last one, and evenly spaced ones between, at most MOST."""
    return set(np.linspace(0, epochs, min(epochs + 1, MOST)).round().astype(int).tolist())


def histogram(x: Tensor) -> np.ndarray:
    """Histogram of log10 |x| [BINS] in bytes: 255 times the square root of each bin's fraction."""
    # log10(0) is -inf, which clamp puts into the first bin.
    size = x.detach().float().abs().log10().clamp(LOWEST, HIGHEST)
    # The square root, because one byte of the fraction itself would round 0.001 to 0.
    counts = torch.histc(size.cpu(), BINS, LOWEST, HIGHEST)
    return (255 * (counts / counts.sum()).sqrt()).round().to(torch.uint8).numpy()


def layers(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """(name, parameter) of all weights with two or more axes, in the model's order."""
    # Biases and norms are few numbers that start at 0 or 1: their histograms would say little.
    return [(name, p) for name, p in model.named_parameters() if p.ndim > 1]


def summary(model: nn.Module, phases: tuple[Phase, ...], batch: Batch) -> dict[str, np.ndarray]:
    """Histograms [1 1 n BINS] in bytes of the n `layers` of the model: "weights" and "gradients".

    The model must be in eval mode. A weight that several phases train has the gradient of the first
    of them; a weight without a gradient has zeros. The two axes of length 1 give the arrays the
    shape of the images in other snapshots.
    """
    named = layers(model)
    gradients: dict[str, np.ndarray] = {}
    # cuDNN cannot backpropagate through an LSTM in eval mode; torch's own kernels can.
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        for phase in phases:
            own = [(n, p) for n, p in phase.parameters(model) if p.ndim > 1 and n not in gradients]
            if not own:
                continue
            loss = phase.loss(model, batch, torch_noise)
            # autograd.grad, not backward(): the parameters' .grad belongs to the training step.
            results = torch.autograd.grad(loss, [p for _, p in own], allow_unused=True)
            for (name, _), gradient in zip(own, results):
                if gradient is not None:
                    gradients[name] = histogram(gradient)
    nothing = np.zeros(BINS, np.uint8)
    return {
        "weights": np.stack([histogram(p) for _, p in named])[None, None],
        "gradients": np.stack([gradients.get(name, nothing) for name, _ in named])[None, None],
    }
