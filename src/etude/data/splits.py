"""Draw a stratified split, and check that the splits of a data set have the same units, type and
range.

If the units of the test split differ from those of training (bytes and 0..1, metres and
millimetres), test accuracy falls to chance and no other symptom shows why. A certain
mistake is an error, a possible one is a warning.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from etude.data.rows import Rows
from etude.locale.texts import Text, listed, text

EXAMINED = 2000
"""Number of samples of a split that are examined, evenly spaced."""
FEWEST = 5
"""A split with fewer samples is too small to estimate its range."""
IMAGES, FEATURES = 4.0, 10.0
"""Largest ratio between the ranges of two splits before a warning: of all pixels of images, and of
a single feature, whose range varies more between correct splits."""
SHOWN = 5


def stratified(y: np.ndarray, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices [n-k], [k] of a random stratified split: the second part has about `fraction` of each
    class.

    y: classes [n]; values [n D] count as one class. A class with a single sample stays in the first
    part. The second part gets one sample from some of the classes that are too small for a whole
    sample each, as many as their total size allows: one from every such class would take half of
    the samples of thirty classes of two.
    """
    # One permutation of all samples, so a split does not depend on the order of the class labels.
    order = np.random.Generator(np.random.Philox(seed)).permutation(len(y))
    labels = y if y.ndim == 1 and y.dtype.kind in "iu" else np.zeros(len(y), np.int64)
    classes = [order[labels[order] == label] for label in np.unique(labels)]
    classes = [members for members in classes if len(members) > 1]
    small = [members for members in classes if not round(fraction * len(members))]
    taken = [m[: round(fraction * len(m))] for m in classes]
    if small:
        share = max(1, round(fraction * sum(map(len, small))))
        # Which small classes give a sample is random too: those whose first sample was drawn first.
        rank = np.empty(len(y), np.int64)
        rank[order] = np.arange(len(y))
        taken += [m[:1] for m in sorted(small, key=lambda members: rank[members[0]])[:share]]
    chosen = np.zeros(len(y), bool)
    # The empty array: `concatenate` refuses an empty list, and fixes the index type.
    chosen[np.concatenate([*taken, np.zeros(0, np.int64)])] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


class Span(NamedTuple):
    """Centre and width of the range of most values, one per feature [D]."""

    middle: np.ndarray
    width: np.ndarray


def unit_mismatches(
    splits: Mapping[str, tuple[np.ndarray | Rows, np.ndarray | None]],
) -> Iterator[Text]:
    """One message per certain mismatch of units between training and another split: whole numbers
    in one, floats of at most 1 in the other. splits: (x, lengths) by name."""
    train, _ = splits["train"]
    for name, (x, _) in splits.items():
        types = {train.dtype.kind, x.dtype.kind}
        if name == "train" or types == {train.dtype.kind} or "f" not in types:
            continue
        largest = {
            part: float(np.abs(np.asarray(values[_evenly(len(values))])).max())
            for part, values in (("train", train), (name, x))
        }
        low, high = sorted(largest, key=lambda part: largest[part])
        small, large = splits[low][0], splits[high][0]
        # Whole numbers up to 2 prove nothing: they can be the same 0 and 1 in another type.
        if (
            small.dtype.kind == "f"
            and large.dtype.kind != "f"
            and largest[low] <= 1 < 2 < largest[high]
        ):
            yield text(
                "data.check.units",
                low=text(f"data.split.{low}"),
                small=small.dtype,
                least=largest[low],
                high=text(f"data.split.{high}"),
                large=large.dtype,
                most=largest[high],
            )


def warnings(splits: Mapping[str, tuple[np.ndarray | Rows, np.ndarray | None]]) -> Iterator[Text]:
    """One warning per split whose range differs from that of training by a large factor. splits:
    (x, lengths) by name."""
    train, lengths = splits["train"]
    base = _span(train, lengths)
    limit = IMAGES if train.ndim == 4 else FEATURES
    for name, (x, steps) in splits.items():
        if name == "train" or min(len(x), len(train)) < FEWEST:
            continue
        span = _span(x, steps)
        # A constant feature has width 0: the ratio is not used then, see `both`.
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = span.width / base.width
            shift = np.abs(span.middle - base.middle) / base.width
        both = (base.width > 0) & (span.width > 0)
        odd = np.flatnonzero(both & ((factor > limit) | (factor < 1 / limit) | (shift > limit)))
        if not len(odd):
            continue
        if train.ndim == 4:
            yield text(
                "data.note.range.pixels",
                split=text(f"data.split.{name}"),
                width=float(span.width[0]),
                training=float(base.width[0]),
            )
            continue
        features = [
            text(
                "data.note.range.feature",
                feature=int(i),
                middle=float(span.middle[i]),
                width=float(span.width[i]),
                train_middle=float(base.middle[i]),
                train_width=float(base.width[i]),
            )
            for i in odd[:SHOWN]
        ]
        yield text(
            "data.note.range.features",
            split=text(f"data.split.{name}"),
            features=listed(features, len(odd)),
        )


def _evenly(count: int) -> np.ndarray:
    """Indices of up to EXAMINED of `count` samples, evenly spaced."""
    return np.linspace(0, count - 1, min(count, EXAMINED)).astype(int)


def _span(x: np.ndarray | Rows, lengths: np.ndarray | None) -> Span:
    """The span of x. Of images: of all pixels, from the darkest to the brightest. Otherwise of each
    feature: from the 5 % to the 95 % quantile, or the whole range if these are equal."""
    chosen = _evenly(len(x))
    values = np.asarray(x[chosen], np.float64)
    if x.ndim == 4:
        low, high = values.min(), values.max()
        return Span(np.array([(low + high) / 2]), np.array([high - low]))
    if lengths is not None:  # padding is not data
        values = values[np.arange(values.shape[1]) < lengths[chosen, None]]
    rows = values.reshape(-1, values.shape[-1])
    low, middle, high = np.quantile(rows, (0.05, 0.5, 0.95), axis=0)
    # A feature that is nearly always the same has equal quantiles; its width must not be 0.
    whole = rows.max(0) - rows.min(0)
    return Span(middle, np.where(high > low, high - low, whole))
