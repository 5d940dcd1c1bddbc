"""A split on the model's device: loaded as a whole, or memory-mapped and moved batch by batch.

raw sample -> normalise -> augmentation (training) -> arrange (see `Preprocess`)

uint8 samples stay uint8, a quarter of the memory of float32, and are normalised on the device one
batch at a time. All other types are normalised on the CPU: once if they are in memory, otherwise
batch by batch.
"""

from collections.abc import Iterator

import numpy as np
import torch

from etude.data.augment import augment
from etude.data.card import Card
from etude.data.dataset import Split
from etude.data.normalise import Normalise, as_tensor
from etude.data.preprocess import Preprocess
from etude.data.rows import Rows, blocks
from etude.data.tabular.arrays import Features
from etude.shapes import Batch, Tensor, as_weights

PIECE, GPU_PIECE = 128, 2048
"""Batch sizes of evaluation on a CPU and on a GPU. On a CPU activations should stay in the cache: a
CNN takes twice the time in batches of 1,024 (benchmarks/memory_format.py)."""


class Resident:
    """A split on the device; `take` builds Batches from it by index.

    Rows (an array on disk) stay on disk and are read one batch at a time; the features of a table
    that would be too large for memory are computed one batch at a time. ops: the augmentations of a
    training split.
    """

    def __init__(
        self, split: Split, card: Card, device: torch.device, ops: tuple[str, ...] = ()
    ) -> None:
        self.card, self.device, self.ops = card, device, ops
        self.split = split
        self.preprocess = Preprocess(card)
        self.bytes = split.x.dtype == np.uint8 and self.preprocess.normalise.bytes_in_float32
        if self.bytes:
            # The type of its arithmetic, so that no batch waits for mean and std to be converted.
            self.preprocess.to(device, torch.float32)
        late = isinstance(split.x, Rows) or (card.columns and Features(card.columns, split.x).large)
        self.x = split.x if late else self._loaded(np.asarray(split.x))
        self.y = self._targets(split.y).to(device)
        # Lengths stay on the CPU: packing sequences reads them there.
        self.lengths = None if split.lengths is None else torch.from_numpy(split.lengths)
        self.weights = None
        if split.weights is not None:
            # Only their ratios matter; at most 1, sums and squares neither overflow nor vanish.
            self.weights = as_weights(split.weights / split.weights.max(), device)

    def __len__(self) -> int:
        return len(self.split)

    def _loaded(self, x: np.ndarray) -> Tensor:
        """Samples [n ...] on the device: bytes as they are, other numbers normalised, float32."""
        if self.bytes:
            return torch.from_numpy(x).to(self.device)
        shape = (*x.shape[1:-1], self.card.width) if self.card.columns else x.shape[1:]
        result = torch.empty((len(x), *shape))
        for start, block in blocks(x):  # float64 takes twice the memory
            result[start : start + len(block)] = self.preprocess.normalise(as_tensor(block))
        return result.to(self.device)

    def _targets(self, y: np.ndarray) -> Tensor:
        card = self.card
        if card.target == "class":
            return torch.from_numpy(y)
        normalise = Normalise((), card.y_mean, card.y_std, card.log, (-1,))
        return normalise(as_tensor(y))  # type: ignore[no-any-return]

    def pieces(self) -> Iterator[Batch]:
        """All samples in order, in batches of the size that is fastest to evaluate."""
        size = PIECE if self.device.type == "cpu" else GPU_PIECE
        for start in range(0, len(self), size):
            yield self.take(np.arange(start, min(start + size, len(self))))

    def take(self, samples: np.ndarray, key: int | None = None) -> Batch:
        """The Batch of the samples at these indices [N]; with a key, augmented by (key, sample)."""
        where = torch.from_numpy(samples)
        if isinstance(self.x, Tensor):
            # index_select takes a tenth of the time of indexing with [].
            x = self.x.index_select(0, where.to(self.device))
        else:
            x = self._loaded(self.x[samples])
        if self.bytes:
            x = self.preprocess.normalise(x)
        if key is not None and self.ops:
            x = augment(x, self.ops, key, samples)
        lengths = None if self.lengths is None else self.lengths[where]
        window = self.preprocess.levels(x)
        x = self.preprocess.arrange(x, lengths)
        if self.card.view == "vector":  # steps are not an axis any more: padding is part of x
            lengths = None
        there = where.to(self.device)
        weights = None if self.weights is None else self.weights.index_select(0, there)
        return Batch(x, self.y.index_select(0, there), lengths, samples, weights, window)
