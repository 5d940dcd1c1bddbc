"""A split on the model's device: loaded as a whole, or memory-mapped and moved batch by batch.

raw sample -> log (if asked) -> subtract mean, divide by std -> augmentation (training) -> view

uint8 samples stay uint8, a quarter of the memory of float32, and are scaled on the device one batch
at a time. All other types are normalised in float64 on the CPU (see `prepare`): once if they are in
memory, otherwise batch by batch.
"""

from collections.abc import Iterator

import numpy as np
import torch
from einops import rearrange

from etude.data.augment import augment
from etude.data.dataset import Card, Split, View
from etude.data.prepare import prepared
from etude.data.rows import Rows, blocks
from etude.shapes import Batch, Float, Tensor

PIECE, GPU_PIECE = 128, 2048
"""Batch sizes of evaluation on a CPU and on a GPU. On a CPU activations should stay in the cache: a
CNN takes twice the time in batches of 1,024 (benchmarks/memory_format.py)."""


def view(x: Float[Tensor, "N ..."], how: View) -> Float[Tensor, "N ..."]:
    """x reshaped: image -> rows [N H W*C]; any kind -> vector [N D]; "none": unchanged."""
    if how == "rows":
        return rearrange(x, "n c h w -> n h (w c)")
    if how == "vector":
        return rearrange(x, "n ... -> n (...)")
    return x


def hide_padding(x: Float[Tensor, "N L Q"], lengths: Tensor) -> Float[Tensor, "N L Q"]:
    """x with zeros beyond each sequence's length, whatever values were stored there."""
    steps = torch.arange(x.shape[1], device=x.device)
    beyond = steps >= lengths.to(x.device)[:, None]
    return x.masked_fill(beyond[..., None], 0.0)


class Resident:
    """A split on the device; `take` builds Batches from it by index.

    Rows (a memory-mapped array) stay on disk and are read one batch at a time. ops: the
    augmentations of a training split.
    """

    def __init__(
        self, split: Split, card: Card, device: torch.device, ops: tuple[str, ...] = ()
    ) -> None:
        self.card, self.device, self.ops = card, device, ops
        self.split = split
        x = split.x
        # A logarithm needs float64, so its bytes are prepared on the CPU like other numbers.
        self.bytes = x.dtype == np.uint8 and not card.log
        if isinstance(x, np.ndarray) and not self.bytes:
            x = self._prepared(x)
        self.x = x if isinstance(x, Rows) else torch.from_numpy(x).to(device)
        self.y = self._targets(split.y).to(device)
        axis = (1, -1, 1, 1) if card.kind == "image" else (-1,)
        self.mean = torch.tensor(card.mean, device=device).view(axis)
        self.std = torch.tensor(card.std, device=device).view(axis)
        # Lengths stay on the CPU: packing sequences reads them there.
        self.lengths = None if split.lengths is None else torch.from_numpy(split.lengths)

    def __len__(self) -> int:
        return len(self.split)

    def _prepared(self, x: np.ndarray) -> np.ndarray:
        """Normalised samples [n ...] float32, block by block: float64 takes twice the memory."""
        card, result = self.card, np.empty(x.shape, np.float32)
        for start, block in blocks(x):
            result[start : start + len(block)] = prepared(
                block, card.origin, card.mean, card.std, card.log
            )
        return result

    def _targets(self, y: np.ndarray) -> Tensor:
        if self.card.target == "class":
            return torch.from_numpy(y)
        values = np.log(y.astype(np.float64)) if self.card.log else y
        return torch.from_numpy(prepared(values, (), self.card.y_mean, self.card.y_std))

    def pieces(self) -> Iterator[Batch]:
        """All samples in order, in batches of the size that is fastest to evaluate."""
        size = PIECE if self.device.type == "cpu" else GPU_PIECE
        for start in range(0, len(self), size):
            yield self.take(np.arange(start, min(start + size, len(self))))

    def take(self, samples: np.ndarray, key: int | None = None) -> Batch:
        """The Batch of the samples at these indices [N]; with a key, augmented by (key, sample)."""
        where = torch.from_numpy(samples)
        if isinstance(self.x, Rows):
            read = self.x[samples]
            x = torch.from_numpy(read if self.bytes else self._prepared(read)).to(self.device)
        else:
            # index_select takes a tenth of the time of indexing with [].
            x = self.x.index_select(0, where.to(self.device))
        lengths = None if self.lengths is None else self.lengths[where]
        if self.bytes:
            x = x.float().sub(self.mean).div_(self.std)
        if key is not None and self.ops:
            x = augment(x, self.ops, key, samples)
        # After scaling and augmentation, both of which move padding away from zero.
        if lengths is not None:
            x = hide_padding(x, lengths)
        if self.card.view == "vector":  # steps are not an axis any more: padding is part of x
            lengths = None
        return Batch(
            view(x, self.card.view), self.y.index_select(0, where.to(self.device)), lengths, samples
        )
