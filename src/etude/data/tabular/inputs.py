"""Read new rows for a model that was trained on a table, by the decisions of training."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from etude.data.rows import inside, valid
from etude.data.tabular import files, moments, reader
from etude.data.tabular.cells import Cells
from etude.data.tabular.columns import Column, brief, not_placed, used
from etude.data.tabular.dialect import Reading
from etude.data.tabular.grouping import grouped
from etude.data.tabular.units import Unit
from etude.errors import DataError, InvalidValue, plain
from etude.locale.texts import Text, text
from etude.system.limits import Plain

Doubts = dict[str, list[str]]
Rows = tuple[np.ndarray, tuple[str, ...]]
NUMBER = re.compile(r"[+-]?[\d.,]+(e[+-]?\d+)?", re.IGNORECASE)


def read(path: Path, columns: Sequence[Column], reading: Reading) -> Rows:
    """The rows of a file of new rows: see `rows_of`. reading: that of training. Raises
    DataError."""
    table = files.read(path, reading, None)
    if reading.zone:
        moments.place(table.cells, reading.zone)
    return rows_of(table, columns, str(path))


def rows_of(table: reader.Table, columns: Sequence[Column], where: str) -> Rows:
    """(rows [n C] as `Encode` takes them, the line of each). where: what messages call the table.

    The columns may be in any order; others are not read. Raises DataError with every column that is
    missing and every cell that is not of its kind.
    """
    problems = [
        text("data.table.input.no_column", path=where, name=plain(column.name))
        for column in columns
        if column.name not in table.names
    ]
    problems += [one.sentence for one in table.bad]
    by_name = dict(zip(table.names, table.cells, strict=True))
    problems += [
        text("data.column.refused", name=plain(column.name), type=by_name[column.name].refused)
        for column in columns
        if column.name in by_name and by_name[column.name].refused
    ]
    if problems:
        raise DataError(
            text("data.table.input", path=where),
            items=problems,
            do=text("data.table.input.do", names=tuple(plain(c.name) for c in columns)),
        )
    values = []
    for column in columns:
        cells = by_name[column.name]
        values.append(_values(column, cells))
        problems += [
            text(
                "data.table.input.cell",
                line=table.name(row),
                name=plain(column.name),
                cell=brief(cell),
                kind=_kind(column),
            )
            for row, cell in _unreadable(column, cells)
        ]
        if column.kind == "date" and column.form:
            problems += [
                text("data.at", where=table.name(row), what=why)
                for row, why in not_placed(column.name, cells, column.form)
            ]
    if problems:
        raise DataError(text("data.table.input", path=where), items=problems)
    return np.stack(values, axis=1), tuple(map(table.name, range(len(table))))


def sequences_of(
    table: reader.Table, columns: Sequence[Column], where: str
) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """(names of the sequences, their steps [L C] as `Encode` takes them) of a long table, by the
    reading of training. Raises DataError with everything that is wrong."""
    reading = table.reading
    absent = [
        text("data.table.input.no_column", path=where, name=plain(name))
        for name in (reading.series, reading.step)
        if name and name not in table.names
    ]
    if absent:
        raise DataError(text("data.table.input", path=where), items=absent)
    x, _ = rows_of(table, used(columns), where)
    try:
        groups = grouped(table, reading.series, reading.step, reading.step_form, "auto")
    except InvalidValue as error:
        raise DataError(error.what) from None
    if groups.bad:
        raise DataError(
            text("data.table.input", path=where),
            items=[
                text("data.long.line", line=table.lines[row], what=why)
                for row, why in sorted(groups.bad, key=lambda one: one[0])
            ],
        )
    return groups.ids, [x[rows] for rows in groups.rows]


def _values(column: Column, cells: Cells) -> np.ndarray:
    """The cells of a column [n] as training read them; nan where that is not possible."""
    nothing = np.full(cells.count, np.nan)
    if column.kind == "number":
        same = cells.unit in (None, Unit(*column.unit))
        return np.array(cells.numbers) if same and cells.numbers is not None else nothing
    if column.kind == "date":
        seconds = cells.moments.get(column.form) if column.form else None
        return nothing if seconds is None else np.array(seconds)
    if cells.codes is None:
        return np.full(cells.count, float(len(column.levels)))
    place: dict[str, float] = {level: float(i) for i, level in enumerate(column.levels)}
    if column.kind == "truth":
        place = {level.lower(): value for level, value in place.items()}
        by_code = [place.get(level.lower(), np.nan) for level in cells.levels]
    else:
        other = float(len(column.levels))
        by_code = [place.get(level, other) if level else np.nan for level in cells.levels]
    return np.asarray(np.array(by_code)[cells.codes])


def _kind(column: Column) -> Text:
    """What a cell of a column should be, for messages."""
    if any(column.unit):
        return text("data.table.kind.unit", unit=str(Unit(*column.unit)))
    return text(f"data.table.kind.{column.kind}")


def _unreadable(column: Column, cells: Cells) -> Iterator[tuple[int, str]]:
    """(row, text) of the first cells that are not of the column's kind."""
    if column.kind == "number" and cells.unit not in (None, Unit(*column.unit)):
        yield 0, next(cells.filled(), "")
    elif column.kind == "number":
        yield from cells.odd
        yield from cells.infinite
    elif column.kind == "date" and column.form not in cells.moments:
        yield 0, next(cells.filled(), "")
    elif column.kind == "truth" and cells.codes is not None:
        known = {level.lower() for level in column.levels}
        codes = np.array(cells.codes)
        for number, level in enumerate(cells.levels):
            if level and level.lower() not in known:
                yield int(np.flatnonzero(codes == number)[0]), level


def doubts(
    columns: Sequence[Column], x: np.ndarray, lengths: np.ndarray | None = None
) -> list[Doubts]:
    """For each row [n C], or sequence [n L C] by any of its steps, the names of the columns that
    training knows little about: `unseen`, a level without a feature of its own; `outside`, a number
    or a date beyond the range of training; `empty`, no value where training had one in every row,
    so that its median is taken."""
    found: list[Doubts] = [{"unseen": [], "outside": [], "empty": []} for _ in x]
    of_row = np.arange(len(x)) if x.ndim == 2 else np.nonzero(inside(x, lengths))[0]
    every = valid(x, lengths)
    for i, column in enumerate(columns):
        values = every[:, i]
        odd = np.zeros(len(values), bool)
        if column.kind == "category":
            odd = values == len(column.levels)
        elif column.kind in ("number", "date"):
            odd = (values < column.low) | (values > column.high)
        empty = np.isnan(values) & (not column.nullable)
        what = "unseen" if column.kind == "category" else "outside"
        for key, rows in ((what, odd), ("empty", empty)):
            for row in np.unique(of_row[rows]).tolist():
                found[row][key].append(column.name)
    return found


def warnings(found: Sequence[Plain]) -> Iterator[Text]:
    """What is to be said of all rows together, from their doubts: by column, how many rows."""
    for key in ("unseen", "outside", "empty"):
        counts = Counter(name for row in found for name in row.get(key, ()))
        for name, count in counts.items():
            about = {"name": plain(name), "count": count, "share": count / len(found)}
            yield text(f"data.table.warn.{key}", **about)


def annotated(
    path: Path, reading: Reading, columns: tuple[str, ...], answers: Mapping[str, Sequence[str]]
) -> str:
    """The rows of a file as CSV, with further columns. columns: their names; answers: their cells
    by the line of the row."""
    header, rows = files.rows(path, reading)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*map(harmless, header), *columns])
    for name, row in rows:
        if (cells := answers.get(name)) is not None:
            writer.writerow([*map(harmless, row), *map(harmless, cells)])
    return out.getvalue()


def answered(name: str, columns: tuple[str, ...], answers: Mapping[str, Sequence[str]]) -> str:
    """The answers for sequences as CSV, a row for each. name: of the column of their names."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([harmless(name), *columns])
    writer.writerows([harmless(one), *map(harmless, cells)] for one, cells in answers.items())
    return out.getvalue()


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    if cell[:1] not in tuple("=+-@") or NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"
