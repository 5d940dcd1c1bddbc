"""Samples where the model is: whole on the device, or memory-mapped and moved batch by batch.

raw sample -> log (where asked) -> minus mean, over std -> augmentation (training) -> view

Bytes are kept as bytes and scaled on the device, a batch at a time; all other numbers are prepared
in float64 on the CPU (see `prepare`), once where they are in memory.
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
"""Samples read at once where none is trained on. On a CPU, what goes from layer to layer should
stay in its caches: a CNN takes twice the time in batches of 1,024 (benchmarks/memory_format.py)."""


def view(x: Float[Tensor, "N ..."], how: View) -> Float[Tensor, "N ..."]:
    """image -> rows [N H W*C]; anything -> vector [N D]; or as it is."""
    if how == "rows":
        return rearrange(x, "n c h w -> n h (w c)")
    if how == "vector":
        return rearrange(x, "n ... -> n (...)")
    return x


def hide_padding(x: Float[Tensor, "N L Q"], lengths: Tensor) -> Float[Tensor, "N L Q"]:
    """Zeros beyond each sequence's length, whatever was stored there."""
    steps = torch.arange(x.shape[1], device=x.device)
    beyond = steps >= lengths.to(x.device)[:, None]
    return x.masked_fill(beyond[..., None], 0.0)


class Resident:
    """A split on the device; `take` makes Batches of it by index.

    Rows (a memory-mapped array) stay on disk and are read a batch at a time.
    """

    def __init__(
        self, split: Split, card: Card, device: torch.device, ops: tuple[str, ...] = ()
    ) -> None:
        self.card, self.device, self.ops = card, device, ops
        self.split = split
        x = split.x
        self.bytes = x.dtype == np.uint8 and not card.log
        if isinstance(x, np.ndarray) and not self.bytes:
            x = self._prepared(x)
        self.x = x if isinstance(x, Rows) else torch.from_numpy(x).to(device)
        self.y = self._targets(split.y).to(device)
        axis = (1, -1, 1, 1) if card.kind == "image" else (-1,)
        self.mean = torch.tensor(card.mean, device=device).view(axis)
        self.std = torch.tensor(card.std, device=device).view(axis)
        self.lengths = None if split.lengths is None else torch.from_numpy(split.lengths)

    def __len__(self) -> int:
        return len(self.split)

    def _prepared(self, x: np.ndarray) -> np.ndarray:
        """Raw samples [n ...] normalised, float32; a block at a time, since float64 takes room."""
        card, done = self.card, np.empty(x.shape, np.float32)
        for start, block in blocks(x):
            done[start : start + len(block)] = prepared(
                block, card.origin, card.mean, card.std, card.log
            )
        return done

    def _targets(self, y: np.ndarray) -> Tensor:
        if self.card.target == "class":
            return torch.from_numpy(y)
        values = np.log(y.astype(np.float64)) if self.card.log else y
        return torch.from_numpy(prepared(values, (), self.card.y_mean, self.card.y_std))

    def pieces(self) -> Iterator[Batch]:
        """All samples in order, none left out, in batches of a size that is quick to read."""
        size = PIECE if self.device.type == "cpu" else GPU_PIECE
        for start in range(0, len(self), size):
            yield self.take(np.arange(start, min(start + size, len(self))))

    def take(self, samples: np.ndarray, key: int | None = None) -> Batch:
        """The samples at these indices [N]; augmented by (key, sample) if a key is given."""
        where = torch.from_numpy(samples)
        if isinstance(self.x, Rows):
            read = self.x[samples]
            x = torch.from_numpy(read if self.bytes else self._prepared(read)).to(self.device)
        else:
            x = self.x.index_select(0, where.to(self.device))  # a tenth of indexing's time
        lengths = None if self.lengths is None else self.lengths[where]
        if self.bytes:
            x = x.float().sub(self.mean).div_(self.std)
        if key is not None and self.ops:
            x = augment(x, self.ops, key, samples)
        if lengths is not None:
            x = hide_padding(x, lengths)
        if self.card.view == "vector":  # padding is now zeros among the numbers
            lengths = None
        return Batch(
            view(x, self.card.view), self.y.index_select(0, where.to(self.device)), lengths, samples
        )
