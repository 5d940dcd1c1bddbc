"""The user's own arrays as windows of a series, and the steps that follow each window.

x [n L] or [n L 1] · y [n H], in order of time

Splits follow time: all test windows are later than all training windows, and windows whose
forecasts would overlap with those of the next split are left out.
"""

from dataclasses import replace
from math import ceil

import numpy as np

from etude.data.dataset import Raw, Split
from etude.data.rows import Rows
from etude.errors import DataError, UsageError
from etude.locale.texts import Sentence, Text, Value, text

COMPARED = 50
"""Number of windows that are compared to measure how much neighbours overlap."""


def stride(x: np.ndarray | Rows) -> int:
    """Number of steps from one window [n L 1] to the next; 0 if they do not overlap."""
    some = np.asarray(x[:COMPARED]).reshape(min(len(x), COMPARED), -1)
    if len(some) < 2:
        return 0
    # The smallest shift at which the end of each window equals the beginning of the next.
    for step in range(1, some.shape[1]):
        if (some[1:, :-step] == some[:-1, step:]).all():
            return step
    return 0


def in_order(count: int, fraction: float, gap: int, path: str) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the earlier windows, and of the last windows, about `fraction` of all; `gap`
    windows between them are left out. Raises DataError if no earlier windows remain."""
    last = max(1, round(fraction * count))
    if count - last - gap < 1:
        raise DataError(
            text("data.windows.few", path=path, count=count), do=text("data.windows.few.do")
        )
    return np.arange(count - last - gap), np.arange(count - last, count)


def split_by_time(
    splits: dict[str, Split], test: float, val: float, path: str
) -> tuple[dict[str, Split], list[Text]]:
    """({"train": ..., "val": ..., "test": ...}, notes), in order of time.

    splits: {"": ...} if the data are not divided, else train and test, and perhaps val. test, val:
    the fraction of the windows for each split that has to be drawn. Raises DataError.
    """
    first = next(iter(splits.values()))
    splits = {name: _named(split, ordered=name == "") for name, split in splits.items()}
    step = stride(first.x)
    # A forecast of H steps overlaps with those of the ceil(H / step) - 1 windows after it.
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
    """The split with names that sort in order of time, if all windows are of one series; else
    without names, because the time of a separate test split is unknown."""
    if not (ordered and split.names):
        return replace(split, names=())
    rows = [int(name.split()[-1]) for name in split.names]
    width = len(str(max(rows)))
    # Leading zeros: the leak check compares names as text.
    return replace(split, names=tuple(f"window {row:0{width}}" for row in rows))


def as_forecast(raw: Raw, season: int, unit: str, path: str) -> Raw:
    """The same data with the target "forecast". Raises DataError if x does not hold windows of a
    series, UsageError for a season longer than a window."""
    _, length, features = raw.train.x.shape
    problems: list[Sentence] = []
    if features != 1:
        problems.append(text("data.windows.features", count=features))
    if any(split is not None and split.lengths is not None for split in (raw.train, raw.test)):
        problems.append(text("data.windows.lengths"))
    if problems:
        raise DataError(text("data.windows.other", path=path), items=problems)
    if season > length:
        raise UsageError(
            text("data.windows.season", season=season, length=length),
            do=text("data.windows.season.do", length=length),
        )
    return replace(raw, target="forecast", season=season, unit=unit)


def as_values(y: np.ndarray, path: str) -> np.ndarray:
    """The steps to forecast as floats: integers are values here, not classes. Raises DataError."""
    if y.dtype.kind not in "iuf" or y.ndim > 2:
        raise DataError(
            text("data.windows.y", path=path, type=y.dtype, shape=str(list(y.shape))),
            do=text("data.windows.y.do"),
        )
    return y if y.dtype.kind == "f" else y.astype(np.float64)
