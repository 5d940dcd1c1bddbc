"""The files of a table by split: training rows in one, and the test or validation in others.

What a column is, is decided on the text of all of them; what is learned of it, on training rows.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from etude.data.tabular import files
from etude.data.tabular.dialect import Reading
from etude.data.tabular.joined import differing, joined
from etude.data.tabular.reader import Table
from etude.data.tree import shown
from etude.errors import DataError, plain
from etude.locale.texts import text

Parts = dict[str, np.ndarray]


def read(
    paths: Mapping[str, Path], reading: Reading, limit: int | None, unneeded: Collection[str]
) -> tuple[Table, Parts]:
    """(the rows of all files, those of each split that has a file of its own). Raises DataError.

    paths: by split, with "train" first. unneeded: columns that the others may lack.
    """
    missing = [
        text("data.apart.missing", split=text(f"data.split.{part}"), path=path)
        for part, path in paths.items()
        if part != "train" and not files.is_pattern(path) and not path.exists()
    ]
    if missing:
        raise DataError(text("data.apart.none"), items=missing)
    tables: list[Table] = []
    for path in paths.values():
        if tables:
            reading = reading.model_copy(update={"usual": tables[0].reading.usual})
        tables.append(files.read(path, reading, limit))
    if len(tables) == 1:
        return tables[0], {}
    names = [shown(path) for path in paths.values()]
    whole = joined(tables, names, unneeded)
    ends = np.cumsum([0, *map(len, tables)]).tolist()
    rows = {part: np.arange(a, b) for part, a, b in zip(paths, ends, ends[1:])}
    notes = [
        text(
            "data.note.apart", split=text(f"data.split.{part}"), path=plain(name), count=len(table)
        )
        for part, name, table in zip(paths, names, tables, strict=True)
    ]
    more = [text("data.note.apart.more", what=what) for what in differing(tables, names)]
    said = (*notes, *more, *whole.notes)
    return Table(
        whole.names, whole.cells, whole.lines, whole.reading, said, whole.bad, whole.files
    ), rows
