"""Deployed: one module from raw samples to answers in the data's own units, for every form that
leaves étude.

    raw samples [N ...] (, lengths [N]) -> Preprocess -> model -> task -> outputs by name
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from etude.data.card import Card
from etude.data.dataset import Split
from etude.data.normalise import as_tensor
from etude.data.preprocess import Preprocess
from etude.errors import UsageError
from etude.exporters.exporter import Trained
from etude.locale.texts import text
from etude.shapes import Batch, Int, Tensor
from etude.tasks.protocol import Publishing

PIECE = 128


class Deployed(nn.Module):
    """Raw samples, as the data set stores them, to named outputs, in eval mode.

    probabilities [N classes] of a classifier; values [N D] of a regression and forecast [N D], in
    units; quantiles [N D K] by level; code [N D], image [N C H W] in raw values and error [N] of an
    autoencoder. Raises UsageError if the task publishes no outputs.
    """

    def __init__(self, trained: Trained) -> None:
        super().__init__()
        if not isinstance(trained.task, Publishing):
            raise UsageError(text("export.task", task=trained.task.name))
        self.card: Card = trained.card
        self.preprocess = Preprocess(trained.card)
        self.model = trained.model
        self.task = trained.task
        self.eval()

    @property
    def padded(self) -> bool:
        """Whether the graph takes the lengths of sequences as a second input."""
        return self.card.padded

    @property
    def dynamic(self) -> bool:
        """Whether sequences may have any number of steps."""
        card = self.card
        return card.kind == "sequence" and card.view == "none" and card.panel is None

    def forward(self, x: Tensor, lengths: Int[Tensor, " N"] | None = None) -> dict[str, Tensor]:
        normal = self.preprocess.normalise(x)
        window = self.preprocess.levels(normal)
        inputs = self.preprocess.arrange(normal, lengths)
        # Steps are not an axis of a vector, and padding is part of it.
        steps = lengths if self.card.view != "vector" else None
        # A task reads neither targets nor indices when it predicts.
        batch = Batch(inputs, inputs.new_zeros(()), steps, np.arange(0), None, window)
        return self.task.published(self.model, batch)


def inputs_of(split: Split, start: int, end: int) -> tuple[Tensor, ...]:
    """The raw inputs of `Deployed` for samples start..end of a split."""
    x = as_tensor(np.ascontiguousarray(split.x[start:end]))
    if split.lengths is None:
        return (x,)
    return x, torch.from_numpy(split.lengths[start:end])


def pieces(split: Split, size: int = PIECE) -> Iterator[tuple[Tensor, ...]]:
    """The raw inputs of all samples of a split in order."""
    for start in range(0, len(split), size):
        yield inputs_of(split, start, min(start + size, len(split)))


def answers(deployed: Deployed, split: Split) -> dict[str, np.ndarray]:
    """étude's own answers for the samples of a split: what other forms are compared with."""
    with torch.inference_mode():
        every = [deployed(*inputs) for inputs in pieces(split)]
    return {name: torch.cat([one[name] for one in every]).numpy() for name in every[0]}
