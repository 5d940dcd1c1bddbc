"""Splits of series by time, with dates or numbers of steps that the user may name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from etude.data.panel.clock import DAY, Clock
from etude.data.panel.windows import Run
from etude.data.panel.zones import OTHERS
from etude.data.tabular.dates import iso
from etude.errors import DataError, InvalidValue
from etude.locale.texts import text

TESTED = 0.2
"""Fraction of the time in the test split, and in the validation split."""


@dataclass(frozen=True)
class Cuts:
    """Steps: training before `val`, validation before `test`, the test split before `end`."""

    first: int
    val: int
    test: int
    end: int


def cuts_of(
    runs: Sequence[Sequence[Run]],
    clock: Clock,
    horizon: int,
    asked: tuple[int | str, int | str, int | str],
) -> Cuts:
    """The splits, common to all series. asked: (validation, test, end), each "auto", a number of
    steps, or a time: the first of the split; of the end, the last. Raises DataError."""
    every = [run for of_series in runs for run in of_series]
    first = min(run.first for run in every)
    end = max(run.first + len(run) for run in every)
    val_word, test_word, until = asked
    if isinstance(until, int):
        end = min(end, first + until)
    elif until != "auto":
        end = min(end, _step(until, clock, "until", after=True))
    size = max(horizon, round(TESTED * (end - first)))
    test = _cut(test_word, clock, "test", end, size)
    val = _cut(val_word, clock, "val", test, test - max(first, test - size))
    if not first < val < test < end:
        shown = [clock.at(step) for step in (first, val, test, end - 1)]
        names = ("first", "val", "test", "last")
        raise DataError(
            text("data.panel.cuts", **dict(zip(names, shown, strict=True))),
            do=text("data.panel.cuts.do", steps=end - first, horizon=horizon),
        )
    return Cuts(first, val, test, end)


def _cut(word: int | str, clock: Clock, key: str, end: int, size: int) -> int:
    if isinstance(word, int):
        return end - word
    return end - size if word == "auto" else _step(word, clock, key, after=False)


def _step(word: str, clock: Clock, key: str, after: bool) -> int:
    """The first step at or after a time; after: the first one after it, and after the whole day of
    a date. Raises DataError."""
    try:
        time = _time(word, clock)
    except (ValueError, InvalidValue):
        raise DataError(
            text("data.panel.date", field=key, word=word), do=text("data.panel.date.do")
        ) from None
    if after:
        time += DAY if clock.kind != "steps" and len(word) <= 10 else 1
    # By bisection, because months and business days have no constant length.
    low, high = -1, 1
    while _at(clock, low) >= time:
        low *= 2
    while _at(clock, high) < time:
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _at(clock, middle) < time else (low, middle)
    return high


def _at(clock: Clock, step: int) -> int:
    return int(clock.times(np.array([step]))[0])


def _time(word: str, clock: Clock) -> int:
    if clock.kind == "steps":
        return int(word)
    for form in (iso, *OTHERS):
        try:
            seconds = form(word)
        except ValueError:
            continue
        return timedelta(seconds=seconds) // timedelta(microseconds=1)
    raise InvalidValue(text("data.panel.date", field="", word=word))
