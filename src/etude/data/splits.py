"""How a split is drawn, and whether the splits of a data set fit together: the same units, the same
type, the same range.

A test split in other units than training (bytes beside 0..1, metres beside millimetres) gives a
result at chance, and nothing else shows it. What is surely a slip is an error; what may be one is a
warning.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from etude.data.prepare import centred
from etude.data.rows import Rows

LOOKED_AT = 2000
"""Samples of a split that are looked at, evenly taken."""
FEWEST = 5
"""A split of fewer samples says little of its range."""
IMAGES, FEATURES = 4.0, 10.0
"""Factors from which ranges differ too much: of all pixels, and of one feature, which varies more
between honest splits."""
SHOWN = 5


def stratified(y: np.ndarray, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices [n-k], [k]: a random part of about `fraction`, with every class's share kept.

    y: classes [n]; values [n D] are taken as one class. A class of one stays in the first part.
    Classes too small for a whole sample of their own share what they have together, one each for
    some of them: otherwise thirty classes of two would lose half of their samples.
    """
    order = np.random.Generator(np.random.Philox(seed)).permutation(len(y))
    labels = y if y.ndim == 1 and y.dtype.kind in "iu" else np.zeros(len(y), np.int64)
    classes = [order[labels[order] == label] for label in np.unique(labels)]
    classes = [members for members in classes if len(members) > 1]
    small = [members for members in classes if not round(fraction * len(members))]
    taken = [m[: round(fraction * len(m))] for m in classes]
    if small:
        share = max(1, round(fraction * sum(map(len, small))))
        rank = np.empty(len(y), np.int64)
        rank[order] = np.arange(len(y))
        taken += [m[:1] for m in sorted(small, key=lambda members: rank[members[0]])[:share]]
    chosen = np.zeros(len(y), bool)
    chosen[np.concatenate([*taken, np.zeros(0, np.int64)])] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


class Span(NamedTuple):
    """Where most values of a feature lie, [D] each: in the middle, and how far apart."""

    middle: np.ndarray
    width: np.ndarray


def slips(splits: Mapping[str, tuple[np.ndarray | Rows, np.ndarray | None]]) -> Iterator[str]:
    """What is surely wrong between x of training and of another split (x, lengths each): bytes
    beside floats of at most 1, or the other way round."""
    train, _ = splits["train"]
    for name, (x, _) in splits.items():
        types = {train.dtype.kind, x.dtype.kind}
        if name == "train" or types == {train.dtype.kind} or "f" not in types:
            continue
        tops = {
            part: float(np.abs(np.asarray(values[_evenly(len(values))])).max())
            for part, values in (("train", train), (name, x))
        }
        low, high = sorted(tops, key=lambda part: tops[part])
        small, large = splits[low][0], splits[high][0]
        if small.dtype.kind == "f" and large.dtype.kind != "f" and tops[low] <= 1 < 2 < tops[high]:
            yield (
                f"{low} x: {small.dtype} up to {tops[low]:.4g}, but {high} x: {large.dtype} up to "
                f"{tops[high]:.4g}: the splits are in different units. If the first was divided "
                "by 255, divide both or none"
            )


def warnings(splits: Mapping[str, tuple[np.ndarray | Rows, np.ndarray | None]]) -> Iterator[str]:
    """What may be wrong: ranges that differ by a factor between training and another split."""
    train, lengths = splits["train"]
    mine = _span(train, lengths)
    limit = IMAGES if train.ndim == 4 else FEATURES
    for name, (x, steps) in splits.items():
        if name == "train" or min(len(x), len(train)) < FEWEST:
            continue
        other = _span(x, steps)
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = other.width / mine.width
            shift = np.abs(other.middle - mine.middle) / mine.width
        both = (mine.width > 0) & (other.width > 0)
        odd = np.flatnonzero(both & ((factor > limit) | (factor < 1 / limit) | (shift > limit)))
        if not len(odd):
            continue
        if train.ndim == 4:
            yield (
                f"WARNING: pixels of {name} span {other.width[0]:.4g}, those of training "
                f"{mine.width[0]:.4g}: are they in the same units?"
            )
            continue
        told = [
            f"feature {i} ({other.middle[i]:.4g} +- {other.width[i]:.4g}; in training "
            f"{mine.middle[i]:.4g} +- {mine.width[i]:.4g})"
            for i in odd[:SHOWN]
        ]
        more = f" and {len(odd) - SHOWN} more" if len(odd) > SHOWN else ""
        yield f"WARNING: {name} differs from training in {', '.join(told)}{more}: the same units?"


def _evenly(count: int) -> np.ndarray:
    """Indices of up to LOOKED_AT of `count` samples, evenly taken."""
    return np.linspace(0, count - 1, min(count, LOOKED_AT)).astype(int)


def _span(x: np.ndarray | Rows, lengths: np.ndarray | None) -> Span:
    """Of images: of all pixels, from the darkest to the brightest. Else of each feature: the range
    without its outermost twentieths, or, where that is nothing, the whole range."""
    chosen = _evenly(len(x))
    values = centred(np.asarray(x[chosen]), ())
    if x.ndim == 4:
        low, high = values.min(), values.max()
        return Span(np.array([(low + high) / 2]), np.array([high - low]))
    if lengths is not None:
        values = values[np.arange(values.shape[1]) < lengths[chosen, None]]
    rows = values.reshape(-1, values.shape[-1])
    low, middle, high = np.quantile(rows, (0.05, 0.5, 0.95), axis=0)
    whole = rows.max(0) - rows.min(0)
    return Span(middle, np.where(high > low, high - low, whole))
