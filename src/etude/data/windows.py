"""Own arrays as windows of a series: what was seen, and the steps that come next.

x [n L] or [n L 1] · y [n H], in order of time

Splits follow time: a window that is tested lies after all that are trained on, and windows whose
forecasts would reach into the next split are left out.
"""

from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np

from etude.data.dataset import Raw, Split
from etude.errors import DataError, UsageError
from etude.locale.texts import Text, Value, text

COMPARED = 50
"""Windows that are compared to find out by how much they overlap."""


def stride(x: Any) -> int:
    """Steps between one window [n L 1] and the next, where they overlap; 0 where they do not."""
    some = np.asarray(x[:COMPARED]).reshape(min(len(x), COMPARED), -1)
    if len(some) < 2:
        return 0
    for step in range(1, some.shape[1]):
        if (some[1:, :-step] == some[:-1, step:]).all():
            return step
    return 0


def in_order(count: int, fraction: float, gap: int, path: str) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the earlier windows, and of about `fraction` at the end; between them `gap`
    windows are left out. Raises DataError if that leaves none to train on."""
    last = max(1, round(fraction * count))
    if count - last - gap < 1:
        raise DataError(
            f"{path}: {count} windows are too few to hold some back for validation and the test.",
            do="Give more windows, or x_train, y_train, x_val, y_val, x_test and y_test.",
        )
    return np.arange(count - last - gap), np.arange(count - last, count)


def divided(
    splits: dict[str, Split], test: float, val: float, path: str
) -> tuple[dict[str, Split], list[Text]]:
    """Train, val and test of the splits that there are ({"": ...}, or train and test, perhaps
    val), in order of time, and notes. test, val: shares held back. Raises DataError."""
    first = next(iter(splits.values()))
    splits = {name: _named(split, ordered=name == "") for name, split in splits.items()}
    step = stride(first.x)
    gap = ceil(first.y.shape[1] / step) - 1 if step else 0
    notes = []
    for name, source, fraction in (("test", "", test), ("val", "train", val)):
        if name in splits:
            continue
        whole = splits.pop(source)
        early, late = in_order(len(whole), fraction, gap, path)
        splits |= {"train": whole.take(early), name: whole.take(late)}
        split = text(f"data.split.{name}")
        values: dict[str, Value] = {"count": len(late), "total": len(whole), "split": split}
        notes.append(
            text("data.note.windows.gap", **values, gap=gap)
            if gap
            else text("data.note.windows", **values)
        )
    return splits, notes


def _named(split: Split, ordered: bool) -> Split:
    """With names that sort as time goes, where all windows are of one series; else without any:
    nothing says when a test split of its own was."""
    if not (ordered and split.names):
        return replace(split, names=())
    rows = [int(name.split()[-1]) for name in split.names]
    width = len(str(max(rows)))
    return replace(split, names=tuple(f"window {row:0{width}}" for row in rows))


def marked(raw: Raw, season: int, unit: str, path: str) -> Raw:
    """The data as a forecast. Raises DataError for what is no window, UsageError for a season
    longer than a window."""
    _, length, features = raw.train.x.shape
    problems = []
    if features != 1:
        problems.append(f"x: has {features} features a step; a forecast is of one series")
    if any(split is not None and split.lengths is not None for split in (raw.train, raw.test)):
        problems.append("lengths: windows of a series are all of one length")
    if problems:
        raise DataError(f"{path}: these arrays are no windows of a series.", items=problems)
    if season > length:
        raise UsageError(
            f"data.season={season} is longer than a window, which has {length} steps.",
            do=f"Choose at most {length}, or give longer windows.",
        )
    return replace(raw, target="forecast", season=season, unit=unit)


def as_values(y: np.ndarray, path: str) -> np.ndarray:
    """The next steps as floats; whole numbers are values here, no classes. Raises DataError."""
    if y.dtype.kind not in "iuf" or y.ndim > 2:
        raise DataError(
            f"{path}: y {y.dtype} {list(y.shape)} are no next steps.", do="Give numbers [n H]."
        )
    return y if y.dtype.kind == "f" else y.astype(np.float64)
