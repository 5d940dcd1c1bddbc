"""Normalisation statistics of the training split: what `Normalise` subtracts and divides by."""

from typing import Any, NamedTuple

import numpy as np

from etude.data.normalise import Centre, Numbers, Origin, as_tensor
from etude.data.rows import BLOCK, Rows, blocks

ULPS = 4
"""A float64 feature whose values differ by at most this many units in the last place counts as
constant: such differences come from rounding, not from the data."""


class Moments(NamedTuple):
    """Normalisation statistics of the training split, by channel or feature.

    origin: is subtracted first; empty for types that need none. mean, std: of the values after
    that. low, high: the smallest and the largest raw value of all features.
    """

    origin: Origin
    mean: Numbers
    std: Numbers
    low: float
    high: float

    @property
    def absolute(self) -> Numbers:
        """The mean in raw units, rounded to float64."""
        return tuple(m + o for m, o in zip(self.mean, self.origin)) if self.origin else self.mean


def moments(x: np.ndarray | Rows, lengths: np.ndarray | None, scale: str, log: bool) -> Moments:
    """Mean and standard deviation of the samples in x [n ...] by channel or feature; for "tanh" the
    centre and half the width of the whole range, so that samples lie in [-1, 1].

    Steps beyond a sequence's length do not count; the std of a constant feature is 1. Blocks are
    merged as in T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances", 1979: a sum of squares loses the digits of a variance that is small
    compared with the mean.
    """
    # No origin with a logarithm, which is of the raw value and not of a difference; none with
    # "tanh", which has one centre for all channels, while an origin is one number per channel.
    origin = () if log or scale == "tanh" else _origin(x)
    centre = Centre(origin, (-1,))
    count, mean, squares = 0, np.zeros(()), np.zeros(())
    unit: np.ndarray | float = 1.0
    lowest: np.ndarray | float = np.inf
    highest: np.ndarray | float = -np.inf
    low, high = np.inf, -np.inf
    for start, raw in blocks(x, BLOCK // 8):  # a byte becomes a float64, 8 times as large
        rows = _rows(raw, None if lengths is None else lengths[start : start + len(raw)])
        low, high = min(low, float(rows.min())), max(high, float(rows.max()))
        values = centre(as_tensor(rows)).numpy()
        values = np.log(values) if log else values
        # Dividing by a power of two is exact, and keeps squares of very small or very large values
        # from underflow and overflow. The first block decides it for all blocks.
        if not count:
            unit = np.ldexp(1.0, np.frexp(np.abs(values).max(0))[1])
        values = values / unit
        lowest = np.minimum(lowest, values.min(0))
        highest = np.maximum(highest, values.max(0))
        middle = values.mean(0)
        gap, both = middle - mean, count + len(values)
        # gap**2 * n*m/(n+m): what the distance between the two means adds to the sum of squares.
        squares = squares + ((values - middle) ** 2).sum(0) + gap**2 * (count * len(values) / both)
        mean, count = mean + gap * (len(values) / both), both
    if scale == "tanh":
        bottom, top = float(np.min(lowest * unit)), float(np.max(highest * unit))
        return Moments(origin, ((top + bottom) / 2,), ((top - bottom) / 2 or 1.0,), low, high)
    std = np.sqrt(squares / count)
    # The stored numbers, not the centred ones, decide how large a unit in the last place is.
    offset = np.abs(np.array(origin or (0,), np.float64)) / unit
    noise = ULPS * np.spacing(offset + np.maximum(np.abs(lowest), np.abs(highest)))
    same = (highest - lowest <= (noise if x.dtype == np.float64 else 0)) | (std == 0)
    std = np.where(same, 1.0, std * unit)
    return Moments(origin, _plain(mean * unit), _plain(std), low, high)


def pixel_range(dtype: np.dtype[Any], low: float, high: float) -> tuple[float, float]:
    """(black, white) of images whose training values lie in low..high: 0..255 for uint8, whatever
    the values; for other types the first of 0..1, -1..1 and 0..255 that contains low..high, else
    low..high itself."""
    if dtype == np.uint8:
        return 0.0, 255.0
    for black, white in ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)):
        if black <= low and high <= white:
            return black, white
    return low, high if high > low else low + 1  # never an empty range: it is a divisor later


def _rows(block: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
    """[m C] or [m D]: one row for each pixel, or for each step that is not padding."""
    if lengths is not None:
        return block[np.arange(block.shape[1]) < lengths[:, None]]
    if block.ndim == 4:
        block = np.moveaxis(block, 1, -1)
    return np.ascontiguousarray(block).reshape(-1, block.shape[-1])


def _origin(x: np.ndarray | Rows) -> Origin:
    """The first value of each channel or feature; empty for types that float32 holds exactly."""
    if x.dtype not in (np.int64, np.uint64, np.float64):
        return ()
    first = np.asarray(x[:1])
    values = first[0, :, 0, 0] if first.ndim == 4 else first.reshape(-1, first.shape[-1])[0]
    return tuple(values.tolist())


def _plain(values: np.ndarray) -> Numbers:
    return tuple(map(float, np.atleast_1d(values)))
