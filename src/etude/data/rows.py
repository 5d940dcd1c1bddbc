"""Samples that stay on disk: an index into an array on disk, read only when needed."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from etude.data.spill import Columns, OnDisk

BLOCK = 4 << 20  # bytes of samples in one block, so that large files are never read as a whole


@dataclass(frozen=True)
class Rows:
    """Samples of an array on disk, memory-mapped or in a Store; indexing reads them and converts
    them to `dtype`.

    rows: the samples' indices in source. lengths: valid steps of every sample of source; the steps
    beyond them are read as zero.
    """

    source: np.ndarray | OnDisk | Columns
    rows: np.ndarray
    dtype: np.dtype[Any]
    lengths: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, as of an array: samples first."""
        return (len(self.rows), *self.source.shape[1:])

    @property
    def ndim(self) -> int:
        """The number of axes, as of an array."""
        return self.source.ndim

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, which: Any) -> np.ndarray:
        # Samples are read first and indexed by the other axes in memory, so that padding can be
        # cleared by whole samples.
        first, rest = (which[0], which[1:]) if isinstance(which, tuple) else (which, ())
        rows = self.rows[first]
        taken = np.asarray(self.source[rows])
        if self.lengths is not None:
            taken = without_padding(taken, self.lengths[rows])
        taken = taken.astype(self.dtype, copy=False)
        return np.asarray(taken[(*(slice(None),) * np.ndim(rows), *rest)])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:] if dtype is None else self[:].astype(dtype)

    def min(self) -> float:
        """The smallest value, read a block at a time."""
        return min(float(block.min()) for _, block in blocks(self))

    def max(self) -> float:
        """The largest value, read a block at a time."""
        return max(float(block.max()) for _, block in blocks(self))

    def pick(self, indices: np.ndarray) -> "Rows":
        """Some of these samples, without reading them."""
        return Rows(self.source, self.rows[indices], self.dtype, self.lengths)


def without_padding(x: np.ndarray, lengths: np.ndarray | np.integer) -> np.ndarray:
    """x: sequences [n L ...], or one [L ...], with zeros beyond their lengths [n]."""
    steps = x.shape[np.ndim(lengths)]
    beyond = np.arange(steps) >= np.asarray(lengths)[..., None]
    return np.where(beyond.reshape(*beyond.shape, *(1,) * (x.ndim - beyond.ndim)), 0, x)


def inside(x: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
    """Whether each step of sequences [n L C] is one, and no padding: [n L]."""
    if lengths is None:
        return np.ones(x.shape[:2], bool)
    return np.asarray(np.arange(x.shape[1]) < lengths[:, None])


def valid(x: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
    """The rows [m C] of x: itself, or all steps of its sequences that are no padding."""
    return x if x.ndim == 2 else x[inside(x, lengths)]


def blocks(values: np.ndarray | Rows, size: int = BLOCK) -> Iterator[tuple[int, np.ndarray]]:
    """(start, values[start:stop]) for consecutive blocks of at most `size` bytes, at least one
    sample each."""
    step = max(1, size // max(1, values.dtype.itemsize * prod(values.shape[1:])))
    for start in range(0, len(values), step):
        yield start, values[start : start + step]
