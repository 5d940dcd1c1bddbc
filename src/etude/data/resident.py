"""Samples where the model is: whole on the device, or memory-mapped and moved batch by batch.

raw sample -> log (where asked) -> minus mean, over std -> augmentation (training) -> view
"""

from collections.abc import Iterator

import numpy as np
import torch
from einops import rearrange

from etude.data.augment import augment
from etude.data.dataset import Card, Split, View
from etude.data.rows import Rows
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
        self.x = x if isinstance(x, Rows) else torch.from_numpy(x).to(device)
        self.y = self._targets(split.y).to(device)
        axis = (1, -1, 1, 1) if card.kind == "image" else (-1,)
        self.mean = torch.tensor(card.mean, device=device).view(axis)
        self.std = torch.tensor(card.std, device=device).view(axis)
        self.lengths = None if split.lengths is None else torch.from_numpy(split.lengths)

    def __len__(self) -> int:
        return len(self.split)

    def _targets(self, y: np.ndarray) -> Tensor:
        if self.card.target == "class":
            return torch.from_numpy(y)
        values = torch.from_numpy(y).double()
        values = values.log() if self.card.log else values
        mean, std = torch.tensor(self.card.y_mean), torch.tensor(self.card.y_std)
        return ((values - mean) / std).float()

    def pieces(self) -> Iterator[Batch]:
        """All samples in order, none left out, in batches of a size that is quick to read."""
        size = PIECE if self.device.type == "cpu" else GPU_PIECE
        for start in range(0, len(self), size):
            yield self.take(np.arange(start, min(start + size, len(self))))

    def take(self, samples: np.ndarray, key: int | None = None) -> Batch:
        """The samples at these indices [N]; augmented by (key, sample) if a key is given."""
        where = torch.from_numpy(samples)
        if isinstance(self.x, Rows):
            x = torch.from_numpy(self.x[samples]).to(self.device)
        else:
            x = self.x.index_select(0, where.to(self.device))  # a tenth of indexing's time
        lengths = None if self.lengths is None else self.lengths[where]
        x = x.float()
        x = (x.log() if self.card.log else x).sub(self.mean).div_(self.std)
        if key is not None and self.ops:
            x = augment(x, self.ops, key, samples)
        if lengths is not None:
            x = hide_padding(x, lengths)
        if self.card.view == "vector":  # padding is now zeros among the numbers
            lengths = None
        return Batch(
            view(x, self.card.view), self.y.index_select(0, where.to(self.device)), lengths, samples
        )
