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
from etude.layers.magnitudes import BINS, histogram, matrices
from etude.shapes import Batch
from etude.tasks.protocol import Phase

MOST = 25
"""Epochs with histograms in a run, at most."""


def histogram_epochs(epochs: int) -> set[int]:
    """The epochs to record: 0, the last one, and evenly spaced ones between, at most MOST."""
    return set(np.linspace(0, epochs, min(epochs + 1, MOST)).round().astype(int).tolist())


def summary(model: nn.Module, phases: tuple[Phase, ...], batch: Batch) -> dict[str, np.ndarray]:
    """Histograms [1 1 n BINS] in bytes of the n `matrices` of the model: "weights" and "gradients".

    The model must be in eval mode. A weight that several phases train has the gradient of the first
    of them; a weight without a gradient has zeros. The two axes of length 1 give the arrays the
    shape of the images in other snapshots.
    """
    named = matrices(model)
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
