"""Several tables as one: the parts of a table, or the files of its splits. Columns go by name, so
their order may differ; what a column is, is decided on the cells of all."""

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from etude.data.tabular.cells import Cells, Stated
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
    whole = Cells.together(parts)
    whole.stated = _agreed(
        part.stated for part in parts if any(part.filled()) or part.codes is None
    )
    whole.refused = next((part.refused for part in parts if part.refused), "")
    return whole


def _agreed(stated: Iterable[Stated]) -> Stated:
    """What all files say of a column's type, "" if they do not agree."""
    every = set(stated)
    return every.pop() if len(every) == 1 else ""
