"""Several tables as one: the parts of a table, or the files of its splits. Columns go by name, so
their order may differ; what a column is, is decided on the cells of all."""

from collections.abc import Collection, Iterable, Sequence
from copy import copy

import numpy as np

from etude.data.tabular.cells import MOST_FRACTIONS, MOST_LEVELS, MOST_ODD, Cells, Stated
from etude.data.tabular.reader import Table
from etude.errors import DataError, plain
from etude.locale.texts import Text, listed, text

SHOWN = 8


def joined(tables: Sequence[Table], paths: Sequence[str], unneeded: Collection[str]) -> Table:
    """The rows of all tables in order, with the columns of the first. unneeded: columns that the
    others may lack. Raises DataError that names each file that lacks columns."""
    first, *rest = tables
    problems = []
    for table, path in zip(rest, paths[1:], strict=True):
        lacks = [name for name in first.names if name not in {*table.names, *unneeded}]
        if lacks:
            names = listed([plain(name) for name in lacks[:SHOWN]], len(lacks))
            problems.append(text("data.parts.lacks", path=path, names=names))
    if problems:
        raise DataError(
            text("data.parts.columns", path=paths[0]),
            items=problems,
            do=text("data.parts.columns.do"),
        )
    starts = np.cumsum([0, *map(len, tables)]).tolist()
    notes: list[Text] = []
    for table in tables:
        notes += [said for said in table.notes if said not in notes]
    return Table(
        first.names,
        tuple(joined_cells([_column(table, name) for table in tables]) for name in first.names),
        tuple(line for table in tables for line in table.lines),
        first.reading,
        tuple(notes),
        tuple(bad for table in tables for bad in table.bad),
        tuple(
            (start + first_row, name)
            for start, table, path in zip(starts, tables, paths)
            for first_row, name in table.files or ((0, path),)
        ),
    )


def differing(tables: Sequence[Table], paths: Sequence[str]) -> list[Text]:
    """One text for each table with columns that the first lacks."""
    first = set(tables[0].names)
    found = []
    for table, path in zip(tables[1:], paths[1:], strict=True):
        more = [plain(name) for name in table.names if name not in first]
        if more:
            found.append(text("data.parts.more", path=path, names=listed(more[:SHOWN], len(more))))
    return found


def _column(table: Table, name: str) -> Cells:
    """A column by its name; one of empty cells if there is none."""
    if name in table.names:
        return table.cells[table.names.index(name)]
    empty = Cells(".", frozenset())
    empty.add([""] * len(table))
    empty.close()
    return empty


def joined_cells(parts: Sequence[Cells]) -> Cells:
    """One column of the rows of several closed ones, in each form that all of them have."""
    whole = copy(parts[0])
    starts = np.cumsum([0, *(part.count for part in parts)]).tolist()
    whole.count = starts[-1]
    whole.odd_count = sum(part.odd_count for part in parts)
    whole.odd = [(start + row, cell) for start, p in zip(starts, parts) for row, cell in p.odd]
    whole.odd = whole.odd[:MOST_ODD]
    whole.infinite = [
        (start + row, cell) for start, part in zip(starts, parts) for row, cell in part.infinite
    ]
    numbers = [part.numbers for part in parts if part.numbers is not None]
    dense = len(numbers) == len(parts) and whole.odd_count <= MOST_ODD
    whole.numbers = np.concatenate(numbers) if dense else None
    forms = [form for form in whole.moments if all(form in part.moments for part in parts)]
    whole.moments = {form: np.concatenate([p.moments[form] for p in parts]) for form in forms}
    aware = [part.aware for part in parts if part.aware is not None]
    whole.aware = np.concatenate(aware) if len(aware) == len(parts) else None
    whole.unplaced, whole.zone = {}, ""
    whole.stated = _agreed(
        part.stated for part in parts if any(part.filled()) or part.codes is None
    )
    whole.refused = next((part.refused for part in parts if part.refused), "")
    whole.levels, whole.codes = _levels(parts)
    # As one file of all rows would have been read: see `Cells`.
    fractions = whole.numbers is not None and bool((whole.numbers % 1 > 0).any())
    if len(whole.levels) > (MOST_FRACTIONS if fractions else MOST_LEVELS):
        whole.levels, whole.codes = {}, None
    return whole


def _agreed(stated: Iterable[Stated]) -> Stated:
    """What all files say of a column's type, "" if they do not agree."""
    every = set(stated)
    return every.pop() if len(every) == 1 else ""


def _levels(parts: Sequence[Cells]) -> tuple[dict[str, int], np.ndarray | None]:
    """(how often each text occurs, the number of each row's text), None if a part has too many."""
    counts: dict[str, int] = {}
    codes = []
    for part in parts:
        if part.codes is None:
            return {}, None
        for level, count in part.levels.items():
            counts[level] = counts.get(level, 0) + count
        place = {level: i for i, level in enumerate(counts)}
        table = np.array([place[level] for level in part.levels], np.int32)
        codes.append(table[part.codes] if part.count else np.empty(0, np.int32))
    return counts, np.concatenate(codes)
