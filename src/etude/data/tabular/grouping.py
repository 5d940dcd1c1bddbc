"""The rows of a long table, by the sequence to which they belong, in the order of their steps."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from etude.data.tabular import columns as typing
from etude.data.tabular.cells import Cells
from etude.data.tabular.columns import Dates
from etude.data.tabular.dialect import StepForm
from etude.data.tabular.reader import Table
from etude.errors import InvalidValue, plain
from etude.locale.texts import Text, text

Problems = list[tuple[int, Text]]


@dataclass(frozen=True)
class Groups:
    """ids: the sequences, in the order of their first rows. rows: of each, its rows in order [L].
    form: of the dates that are steps; "" for numbers. bad: (row, reason) of rows without a place,
    and of those whose step another row has too."""

    ids: tuple[str, ...]
    rows: tuple[np.ndarray, ...]
    form: StepForm
    bad: tuple[tuple[int, Text], ...]


def grouped(table: Table, series: str, step: str, form: StepForm, dates: Dates) -> Groups:
    """The rows of a table by the values of the column `series`, in order of the column `step`; in
    that of the file if it is "". form: of dates, as training had them; "" to look for it.

    Raises InvalidValue if these columns can be neither.
    """
    cells = table.cells[table.names.index(series)]
    if cells.codes is None:
        raise InvalidValue(text("data.long.many", name=plain(series)))
    codes, levels = np.array(cells.codes), list(cells.levels)
    when = np.arange(len(table), dtype=np.float64)
    bad: Problems = []
    step_of: Callable[[int], str] = str
    if step:
        steps = table.cells[table.names.index(step)]
        when, form = _steps(step, steps, form, dates)
        step_of = _texts(steps)
        bad = [
            (row, text("data.long.no_step", name=plain(step), cell=plain(step_of(row))))
            for row in np.flatnonzero(np.isnan(when)).tolist()
        ]
    nowhere = codes == (levels.index("") if "" in levels else -1)
    missing = text("data.long.no_series", name=plain(series))
    bad += [(row, missing) for row in np.flatnonzero(nowhere).tolist()]
    # By sequence, then by step; lexsort is stable, so equal steps stay in the order of the file.
    order = np.lexsort((when, codes))
    order = order[~nowhere[order]]
    same = (np.diff(codes[order]) == 0) & (np.diff(when[order]) == 0)
    for place in np.flatnonzero(same).tolist():
        one, other = order[place], order[place + 1]
        about = {"name": plain(step), "line": table.lines[one]}
        bad.append((int(other), text("data.long.twice", **about, cell=plain(step_of(one)))))
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    parts = np.split(order, starts[1:]) if len(order) else []
    ids = tuple(levels[codes[part[0]]] for part in parts)
    return Groups(ids, tuple(parts), form, tuple(bad))


def _steps(name: str, cells: Cells, form: StepForm, dates: Dates) -> tuple[np.ndarray, StepForm]:
    """(the place of each row in its sequence [n], nan if there is none, the form of dates)."""
    if form:
        seconds = cells.moments.get(form)
        return np.full(cells.count, np.nan) if seconds is None else np.array(seconds), form
    numbers = typing.numbers_of(cells)
    if numbers is not None and np.isfinite(numbers).any():
        return np.where(np.isfinite(numbers), numbers, np.nan), ""
    if not any(cells.filled()):
        return np.full(cells.count, np.nan), ""
    if all(np.isnan(seconds).all() for seconds in cells.moments.values()):
        odd = next(cells.filled(), "")
        raise InvalidValue(text("data.long.step", name=plain(name), cell=plain(odd)))
    typed = typing.decide(name, cells, "date", dates)
    return np.asarray(typed.values), typed.column.form


def _texts(cells: Cells) -> Callable[[int], str]:
    """A function from a row to the text of its cell; of a column that has too many different ones,
    to its number."""
    codes, numbers, levels = cells.codes, cells.numbers, list(cells.levels)
    if codes is not None:
        return lambda row: levels[codes[row]]
    return lambda row: "" if numbers is None else f"{numbers[row]:.15g}"


def constant(table: Table, name: str, groups: Groups, like: Cells) -> tuple[Cells, Problems]:
    """(the one value of a column in each sequence, rows that have another one than most rows of
    theirs). An empty cell is not a value of its own. like: an empty column that takes the
    values."""
    cells = table.cells[table.names.index(name)]
    numbers = typing.numbers_of(cells)
    if numbers is not None:  # 1 and 1.0 are one value
        _, keys = np.unique(numbers, return_inverse=True)
        keys = np.where(np.isnan(numbers), -1, keys)
        for row, _ in cells.odd:  # a word among numbers is named with the target
            keys[row] = len(table) + row
    elif cells.codes is None:
        raise InvalidValue(text("data.target.many", name=plain(name)))
    else:
        levels = list(cells.levels)
        keys = np.where(cells.codes == (levels.index("") if "" in levels else -1), -1, cells.codes)
    text_of = _texts(cells)
    bad: Problems = []
    values = []
    for rows in groups.rows:
        known = rows[keys[rows] >= 0]
        if not len(known):
            values.append("")
            continue
        different, first, counts = np.unique(keys[known], return_index=True, return_counts=True)
        usual = int(known[first[counts.argmax()]])
        values.append(text_of(usual))
        if len(different) > 1:
            about = {"name": plain(name), "usual": plain(values[-1])}
            bad += [
                (row, text("data.long.differs", **about, cell=plain(text_of(row))))
                for row in known[keys[known] != keys[usual]].tolist()
            ]
    like.add(values)
    like.close()
    return like, bad
