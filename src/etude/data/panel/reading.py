"""Read the rows of a table as series: long (one row for each time and series) or wide (one column
for each series), in any order of rows.

The Layout says which column is what. Training finds the clock; prediction reads new files by the
Layout and the clock of training.
"""

import re
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from pydantic import Field

from etude.config import Config
from etude.data.bad import Bad
from etude.data.panel import zones
from etude.data.panel.clock import Clock, floors
from etude.data.tabular import reader
from etude.data.tabular.cells import Cells
from etude.data.tabular.columns import Dates, slips, truth_words
from etude.data.tabular.dialect import Reading
from etude.errors import DataError, InvalidValue, plain
from etude.locale.texts import Sentence, text

Gaps = Literal["break", "fill", "refuse"]
ROWS = "rows"
"""The word for a table whose rows are the steps, in order."""
MOST_LEVELS = 32
SHOWN = 50


class Layout(Config):
    """Which columns are what. series: that name a series; empty if there is one, or one for each
    target. targets: to forecast. seen: known up to now; known: also for the steps to forecast;
    static: constant in each series. time: "rows" if there is no such column. resample: the length
    of the steps that are means of rows; "" if rows are steps. zone: of times without an offset.
    words: what is left of a category, by column: the levels that have a feature."""

    time: str
    series: tuple[str, ...] = ()
    targets: tuple[str, ...] = Field(min_length=1)
    seen: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    dates: Dates = "auto"
    zone: str = ""
    resample: str = ""
    words: dict[str, tuple[str, ...]] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a new file must have."""
        time = () if self.time == ROWS else (self.time,)
        return (*time, *self.series, *self.targets, *self.seen, *self.known, *self.static)

    def width(self, column: str) -> int:
        """The number of features that a column gives."""
        return len(self.words.get(column, ())) or 1


@dataclass(frozen=True)
class Rows:
    """One series. times [n] ascending; value [n], nan where it is missing; seen, known [n C];
    static [C]. offsets [n]: of the local times as they were written to `times`, in microseconds; 0
    where these are local times, and where a zone says them. lines: of the file."""

    name: str
    times: np.ndarray
    value: np.ndarray
    seen: np.ndarray
    known: np.ndarray
    static: np.ndarray
    offsets: np.ndarray
    lines: np.ndarray


@dataclass(frozen=True)
class Read:
    """All series of a file. dated: whether times are microseconds; utc: whether they are in UTC.
    left_out: cells that count as missing because the user asked for it."""

    series: tuple[Rows, ...]
    dated: bool
    utc: bool
    layout: Layout
    reading: Reading
    left_out: tuple[Bad, ...] = ()


def bad_lines(table: reader.Table) -> tuple[Bad, ...]:
    """The lines of a table that are no rows."""
    return table.bad


def read(
    table: reader.Table, layout: Layout, where: str, clock: Clock | None, *, skip: bool
) -> Read:
    """The series of a table. where: what messages call it. clock: of training; None in training,
    where the levels of categories are found. skip: whether cells that are no numbers count as
    missing.

    Raises DataError with every cell and row that cannot be used.
    """
    _require(table, layout, where, skip)
    stamps = _stamps(table, layout)
    problems = _no_time(stamps, table, where)
    groups, keys = _groups(table, layout.series)
    times, offsets, utc, absent = _in_utc(stamps, groups, layout, clock)
    for row in absent:
        about = {"where": f"{where}:{table.lines[row]}", "zone": layout.zone}
        problems.append(text("data.panel.absent", time=_shown(stamps, row), **about))
    layout = layout if clock else _with_words(table, layout)
    cells: list[Bad] = []
    targets = {name: _numbers(table, name, where, cells) for name in layout.targets}
    others = {
        name: _features(table, layout, name, where, cells)
        for name in (*layout.seen, *layout.known, *layout.static)
    }
    problems += [] if skip else [one.sentence for one in cells]
    if problems:
        raise DataError(text("data.panel.unusable", path=where), items=problems)
    if layout.resample:
        try:
            times = floors(times, layout.resample)
        except InvalidValue as error:
            raise DataError(error.what) from None
    else:
        _require_once(table, stamps, times, groups, keys, where, utc)
    series = []
    order = np.lexsort((np.arange(len(times)), times, groups))
    ends = np.searchsorted(groups[order], np.arange(len(keys) + 1))
    lines = np.array(table.lines)
    for group, key in enumerate(keys):
        rows = order[ends[group] : ends[group + 1]]
        for name in layout.targets:
            one = _one(times, lines, offsets, rows, targets[name], others, layout)
            series.append(replace(one, name=_name(key, name, layout)))
    series.sort(key=lambda one: _by_number(one.name))
    static = _changing(layout, others, order, ends, keys)
    if static:
        raise DataError(text("data.panel.unusable", path=where), items=static)
    return Read(tuple(series), stamps.dated, utc, layout, table.reading, tuple(cells))


def _by_number(name: str) -> list[tuple[int, int, str]]:
    """A key that sorts names as people do: 2 before 10."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts if p]


def _name(key: tuple[str, ...], target: str, layout: Layout) -> str:
    words = [*key, *([target] if len(layout.targets) > 1 else [])]
    return " ".join(words)


def _require(table: reader.Table, layout: Layout, where: str, skip: bool) -> None:
    """Raise DataError for columns that are missing, and for lines that are no rows."""
    problems: list[Sentence] = [
        text("data.table.input.no_column", path=where, name=plain(name))
        for name in layout.columns
        if name not in table.names
    ]
    problems += [] if skip else [one.sentence for one in table.bad]
    if problems:
        names = tuple(map(plain, table.names[:SHOWN]))
        raise DataError(
            text("data.panel.unusable", path=where),
            items=problems,
            do=text("data.table.no_columns.do", names=names),
        )


def cells_of(table: reader.Table, name: str) -> Cells:
    """The cells of a column."""
    return table.cells[table.names.index(name)]


def _stamps(table: reader.Table, layout: Layout) -> zones.Stamps:
    if layout.time == ROWS:
        count = len(table)
        return zones.Stamps(np.arange(count), np.zeros(count, bool), dated=False)
    try:
        return zones.stamps_of(layout.time, cells_of(table, layout.time), layout.dates)
    except InvalidValue as error:
        raise DataError(error.what, do=text("data.panel.time.do")) from None


def _no_time(stamps: zones.Stamps, table: reader.Table, where: str) -> list[Sentence]:
    return [
        text("data.panel.no_time", where=f"{where}:{table.lines[row]}")
        for row in np.flatnonzero(stamps.missing).tolist()
    ]


def _shown(stamps: zones.Stamps, row: int) -> str:
    time = int(stamps.times[row])
    return Clock(kind="time" if stamps.dated else "steps", step=1, origin=1).shown(time)


def _groups(
    table: reader.Table, columns: tuple[str, ...]
) -> tuple[np.ndarray, list[tuple[str, ...]]]:
    """(the number of the series of each row, the names of each). Raises DataError."""
    count = len(table)
    number: np.ndarray = np.zeros(count, np.int64)
    keys: list[tuple[str, ...]] = [()]
    for name in columns:
        cells = cells_of(table, name)
        if cells.codes is None:
            raise DataError(text("data.panel.many_series", name=plain(name)))
        levels = list(cells.levels)
        joint = number * len(levels) + cells.codes
        present, number = np.unique(joint, return_inverse=True)
        keys = [(*keys[j // len(levels)], levels[j % len(levels)]) for j in present.tolist()]
    return number, keys


def _in_utc(
    stamps: zones.Stamps, groups: np.ndarray, layout: Layout, clock: Clock | None
) -> tuple[np.ndarray, np.ndarray, bool, list[int]]:
    """(times, the offsets of local times to them, whether they are in UTC, rows whose time does not
    exist). clock: of training; None in training."""
    times, none = stamps.times, np.zeros_like(stamps.times)
    if not stamps.dated or (stamps.offsets is None and not layout.zone):
        return times, none, False, []
    try:
        if stamps.offsets is None:
            if _daily(times):
                return times, none, False, []
            times, absent = zones.to_utc(times, groups, layout.zone)
            return times, none, True, absent
        if layout.zone:
            local, offsets = zones.from_utc(times, layout.zone), none
        else:
            local, offsets = times + stamps.offsets, stamps.offsets
    except InvalidValue as error:
        raise DataError(error.what) from None
    # Days of a zone have 23 to 25 hours, so days and months are counted in local time.
    changing = not _daily(times) if clock is None else not clock.utc
    if _daily(local) and (layout.zone or changing):
        return local, none, False, []
    return times, offsets, True, []


def _daily(times: np.ndarray) -> bool:
    """Whether all times are at one time of the day."""
    return len(np.unique(times % 86_400_000_000)) == 1


def _with_words(table: reader.Table, layout: Layout) -> Layout:
    """The layout with the levels of columns of text: one feature for each."""
    words: dict[str, tuple[str, ...]] = {}
    for name in (*layout.seen, *layout.known, *layout.static):
        cells = cells_of(table, name)
        numeric = cells.numbers is not None and cells.odd_count < cells.count / 2
        if numeric or cells.codes is None or truth_words(cells):
            continue
        levels = sorted(level for level in cells.filled())
        if len(levels) > MOST_LEVELS:
            about = {"name": plain(name), "count": len(levels), "most": MOST_LEVELS}
            raise DataError(text("data.panel.many_words", **about))
        words[name] = tuple(levels)
    return layout.model_copy(update={"words": words})


def _numbers(table: reader.Table, name: str, where: str, bad: list[Bad]) -> np.ndarray:
    """The numbers of a column [n]; adds each cell that is none to `bad`. Raises DataError for a
    column of text."""
    cells = cells_of(table, name)
    if cells.numbers is None or 2 * cells.odd_count > cells.count:
        raise DataError(text("data.column.not_numbers", name=plain(name)))
    bad += [Bad("", f"{where}:{table.lines[row]}", why) for row, why in slips(name, cells)]
    numbers = np.array(cells.numbers)
    return np.where(np.abs(numbers) <= zones.LARGEST, numbers, np.nan)


def _features(
    table: reader.Table, layout: Layout, name: str, where: str, bad: list[Bad]
) -> np.ndarray:
    """The features of a column [n C]: its numbers, 0 and 1 of truth values, or one for each word.
    nan where the cell is empty."""
    cells = cells_of(table, name)
    if name in layout.words:
        levels, codes = list(cells.levels), cells.codes
        if codes is None:
            raise DataError(text("data.column.many", name=plain(name)))
        words = layout.words[name]
        table_of = np.array([[float(level == word) for word in words] for level in levels])
        table_of[[level == "" for level in levels]] = np.nan
        return np.asarray(table_of[codes])
    if (pair := truth_words(cells)) and cells.codes is not None:
        value = {pair[0].lower(): 0.0, pair[1].lower(): 1.0, "": np.nan}
        by_code = np.array([value[level.lower()] for level in cells.levels])
        return np.asarray(by_code[cells.codes])[:, None]
    return _numbers(table, name, where, bad)[:, None]


def _one(
    times: np.ndarray,
    lines: np.ndarray,
    offsets: np.ndarray,
    rows: np.ndarray,
    value: np.ndarray,
    others: dict[str, np.ndarray],
    layout: Layout,
) -> Rows:
    """One series of these rows, in order of time; rows of one step become their mean."""
    parts = [
        np.concatenate([others[name][rows] for name in names], axis=1)
        if names
        else np.empty((len(rows), 0))
        for names in (layout.seen, layout.known, layout.static)
    ]
    seen, known, static = parts
    value, when, apart, at = value[rows], times[rows], offsets[rows], lines[rows]
    if layout.resample:
        both = np.concatenate([value[:, None], seen, known], axis=1)
        when, first = np.unique(when, return_index=True)
        means = _means(both, first)
        value = means[:, 0]
        seen, known = means[:, 1 : 1 + seen.shape[1]], means[:, 1 + seen.shape[1] :]
        apart, at = apart[first], at[first]
    fixed = static[0] if len(static) else np.empty(0)
    return Rows("", when, value, seen, known, fixed, apart, at)


def _means(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The means of consecutive rows [n C] from each row of `first`, leaving out nan."""
    present = ~np.isnan(values)
    sums = np.add.reduceat(np.where(present, values, 0.0), first, axis=0)
    counts = np.add.reduceat(present.astype(np.float64), first, axis=0)
    return np.asarray(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))


def _changing(
    layout: Layout,
    others: dict[str, np.ndarray],
    order: np.ndarray,
    ends: np.ndarray,
    keys: list[tuple[str, ...]],
) -> list[Sentence]:
    """One problem for each static column that changes within a series. order: rows by series;
    ends: where those of each begin."""
    problems: list[Sentence] = []
    for name in layout.static:
        for group, key in enumerate(keys):
            values = others[name][order[ends[group] : ends[group + 1]]]
            if not (values == values[:1]).all():
                about = {"name": plain(name), "series": plain(" ".join(key))}
                problems.append(text("data.panel.static", **about))
    return problems


def _require_once(
    table: reader.Table,
    stamps: zones.Stamps,
    times: np.ndarray,
    groups: np.ndarray,
    keys: list[tuple[str, ...]],
    where: str,
    utc: bool,
) -> None:
    """Raise DataError with every time that occurs twice in a series."""
    order = np.lexsort((np.arange(len(times)), times, groups))
    t, g = times[order], groups[order]
    again = np.flatnonzero((t[1:] == t[:-1]) & (g[1:] == g[:-1]))
    if not len(again):
        return
    problems, changes = [], []
    for place in again.tolist():
        first, second = int(order[place]), int(order[place + 1])
        shown = _shown(stamps, second)
        about = {"series": plain(" ".join(keys[int(g[place])])), "time": shown}
        lines = {"first": table.lines[first], "second": table.lines[second]}
        key = "data.panel.twice.series" if keys != [()] else "data.panel.twice"
        problems.append(text(key, path=where, **about, **lines))
        if stamps.dated and not utc and zones.is_change(int(stamps.times[second])):
            changes.append(shown)
    # Only if every repetition is in such an hour: a file of copies has others too.
    hours = len(changes) == len(again)
    raise DataError(
        text("data.panel.duplicates", path=where, count=len(again)),
        items=problems,
        do=zones.change_advice(changes[0]) if hours else text("data.panel.duplicates.do"),
    )
