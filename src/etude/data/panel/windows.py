"""Windows of series: the steps that the network reads and the steps that follow them.

    series -> runs without a gap -> features [n Q] of each step -> windows x [m T Q], y [m H]

T is the length of the input or, with columns that are known in advance, that and the horizon: in
the steps to forecast the value is 0 and a flag is 1. No window spans a gap. A split has the windows
whose targets all lie in its part of time; their inputs may lie earlier, since the past is known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from etude.data.panel.card import Panel
from etude.data.panel.clock import Clock, calendar
from etude.data.panel.reading import Gaps, Rows

MOST_BYTES = 4 << 30
"""Windows that are held in memory."""


@dataclass(frozen=True)
class Run:
    """Successive steps of one series, from step `first` on: value [n], seen and known [n C];
    offsets [n]: see `Rows`. filled [n]: whether a step was missing and its numbers lie on a line
    between its neighbours."""

    first: int
    value: np.ndarray
    seen: np.ndarray
    known: np.ndarray
    offsets: np.ndarray
    filled: np.ndarray

    def __len__(self) -> int:
        return len(self.value)

    @property
    def numbers(self) -> np.ndarray:
        """The numbers of its steps [n]."""
        return self.first + np.arange(len(self))

    def before(self, cut: int) -> "Run":
        """The part before step `cut`."""
        return self.part(0, max(0, min(len(self), cut - self.first)))

    def part(self, begin: int, end: int) -> "Run":
        """The steps at the places begin <= place < end."""
        every = (self.value, self.seen, self.known, self.offsets, self.filled)
        return Run(self.first + begin, *(each[begin:end] for each in every))


@dataclass(frozen=True)
class Gap:
    """Missing steps of a series, from step `first` to `last`."""

    first: int
    last: int

    @property
    def steps(self) -> int:
        """How many steps are missing."""
        return self.last - self.first + 1


def runs_of(rows: Rows, clock: Clock, gaps: Gaps, fill: int) -> tuple[list[Run], list[Gap]]:
    """(the runs of a series, its gaps that are not filled). A row with an empty cell is missing.

    Raises InvalidValue for a time that is no step of the clock.
    """
    numbers = clock.steps(rows.times)
    every = np.concatenate([rows.value[:, None], rows.seen, rows.known], axis=1)
    whole = ~np.isnan(every).any(1)
    numbers, every, offsets = numbers[whole], every[whole], rows.offsets[whole]
    if not len(numbers):
        return [], []
    most = fill if gaps == "fill" else 0
    missing = np.diff(numbers) - 1
    filled = np.zeros(len(numbers), bool)
    if most and ((missing > 0) & (missing <= most)).any():
        before = numbers
        numbers, every, filled = _filled(numbers, every, most)
        # A filled step has the offset of the row before it.
        offsets = offsets[np.searchsorted(before, numbers, side="right") - 1]
        missing = np.diff(numbers) - 1
    ends = np.flatnonzero(missing > 0)
    found = [Gap(int(numbers[i]) + 1, int(numbers[i + 1]) - 1) for i in ends.tolist()]
    starts = [0, *(ends + 1).tolist()]
    width = rows.seen.shape[1]
    runs = []
    for a, b in zip(starts, [*starts[1:], len(numbers)], strict=True):
        part = every[a:b]
        seen, known = part[:, 1 : 1 + width], part[:, 1 + width :]
        runs.append(Run(int(numbers[a]), part[:, 0], seen, known, offsets[a:b], filled[a:b]))
    return runs, found


def _filled(
    numbers: np.ndarray, every: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(steps, numbers [n C], which are filled) with gaps of at most `most` steps filled."""
    missing = np.diff(numbers) - 1
    more = [
        np.arange(numbers[i] + 1, numbers[i + 1])
        for i in np.flatnonzero((missing > 0) & (missing <= most)).tolist()
    ]
    whole = np.sort(np.concatenate([numbers, *more]))
    lines = [np.interp(whole, numbers, every[:, c]) for c in range(every.shape[1])]
    return whole, np.stack(lines, axis=1), ~np.isin(whole, numbers)


def scaled(values: np.ndarray, panel: Panel, place: int) -> np.ndarray:
    """Values of a series in standard deviations of its training part."""
    scale = panel.series[place]
    plain = np.log(values) if panel.log else values
    return np.asarray((plain - scale.mean) / scale.std)


def unscaled(values: np.ndarray, panel: Panel, place: int) -> np.ndarray:
    """The reverse of `scaled`."""
    scale = panel.series[place]
    plain = values * scale.std + scale.mean
    return np.asarray(np.exp(plain) if panel.log else plain)


def _columns(values: np.ndarray, scales: Sequence[tuple[float, float]]) -> np.ndarray:
    if not scales:
        return values
    mean, std = np.array(scales).T
    return np.asarray((values - mean) / std)


def features(run: Run, panel: Panel, place: int) -> tuple[np.ndarray, np.ndarray]:
    """(features [n Q] of steps that are known, features [n Q] of the same steps to forecast).

    place: of the series in the panel.
    """
    count = len(run)
    zeros, ones = np.zeros((count, 1)), np.ones((count, 1))
    past, future = [scaled(run.value, panel, place)[:, None]], [zeros]
    if panel.known:
        past.append(zeros)
        future.append(ones)
    if panel.gaps == "fill":
        past.append(run.filled[:, None].astype(np.float64))
        future.append(zeros)
    past.append(_columns(run.seen, panel.seen))
    future.append(np.zeros_like(run.seen))
    both = [_columns(run.known, panel.known)]
    for part in panel.calendar:
        angle = 2 * np.pi * calendar(panel.clock, run.numbers, run.offsets, part)
        both += [np.sin(angle)[:, None], np.cos(angle)[:, None]]
    fixed = panel.static[place] if panel.static else ()
    if panel.identity:
        fixed = (*fixed, *(float(i == place) for i in range(len(panel.series))))
    both.append(np.broadcast_to(np.array(fixed, np.float64), (count, len(fixed))))
    return np.concatenate([*past, *both], 1), np.concatenate([*future, *both], 1)


def starts_of(run: Run, panel: Panel, first: int, end: int) -> np.ndarray:
    """The places [m] in a run at which a forecast of `horizon` steps begins that lies in the steps
    first <= step < end, has `length` steps before it, and no filled step in it."""
    low = max(panel.length, first - run.first)
    high = min(len(run), end - run.first) - panel.horizon
    if high < low:
        return np.empty(0, np.int64)
    starts = np.arange(low, high + 1)
    if run.filled.any():
        before = np.concatenate([[0], np.cumsum(run.filled)])
        starts = starts[before[starts + panel.horizon] == before[starts]]
    return starts


@dataclass(frozen=True)
class Windows:
    """x [m T Q] float32; y [m H] float64: in the units of a single series, else in standard
    deviations. begins [m]: the step of each first target; count: of windows by series."""

    x: np.ndarray
    y: np.ndarray
    begins: np.ndarray
    count: tuple[int, ...]


def windows(
    runs: Sequence[Sequence[Run]], panel: Panel, first: int, end: int, stride: int
) -> Windows:
    """All windows whose targets lie in the steps first <= step < end, by series and then by time.

    stride: of successive windows every stride-th is taken.
    """
    places = [
        [starts_of(run, panel, first, end)[::stride] for run in of_series] for of_series in runs
    ]
    total = sum(len(starts) for of_series in places for starts in of_series)
    x = np.empty((total, panel.steps, panel.channels), np.float32)
    y, begins = np.empty((total, panel.horizon)), np.empty(total, np.int64)
    at, counts = 0, []
    for place, (of_series, of_places) in enumerate(zip(runs, places, strict=True)):
        before = at
        for run, starts in zip(of_series, of_places, strict=True):
            if not len(starts):
                continue
            rows = slice(at, at + len(starts))
            known, ahead = features(run, panel, place)
            x[rows, : panel.length] = _cut(known, starts - panel.length, panel.length)
            if panel.known:
                x[rows, panel.length :] = _cut(ahead, starts, panel.horizon)
            goal = run.value if len(panel.series) == 1 else known[:, 0]
            y[rows] = _cut(goal, starts, panel.horizon)
            begins[rows] = run.first + starts
            at += len(starts)
        counts.append(at - before)
    return Windows(x, y, begins, tuple(counts))


def _cut(values: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """Pieces [m length ...] of values [n ...] from these places on."""
    pieces = np.lib.stride_tricks.sliding_window_view(values, length, axis=0)
    return np.asarray(np.moveaxis(pieces, -1, 1)[starts])


def names_of(found: Windows, panel: Panel) -> Iterator[str]:
    """The first and the last step of each forecast, and the series if there are several."""
    at: dict[int, str] = {}
    ends = found.begins.max(initial=0) + panel.horizon - 1
    width = len(panel.clock.at(int(ends))) if panel.clock.kind == "steps" else 0

    def shown(number: int) -> str:
        if number not in at:
            # Zeros first: the check of the order of time compares names as text.
            at[number] = panel.clock.at(number).rjust(width, "0")
        return at[number]

    several = len(panel.series) > 1
    series = np.repeat(np.arange(len(found.count)), found.count)
    for begin, place in zip(found.begins.tolist(), series.tolist(), strict=True):
        more = f" ({panel.series[place].name})" if several else ""
        yield f"{shown(begin)} to {shown(begin + panel.horizon - 1)}{more}"
