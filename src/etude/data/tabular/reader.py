"""Read the cells of a table: delimited text (.csv, .tsv, .txt) or JSON lines, packed or not.

Every cell is text until the rules of `columns` decide on the type of its column. The file is read
once, line by line, and what is wrong is named by its line; all of it in one report.
"""

import csv
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from etude.data.bad import Bad
from etude.data.sequences import arff
from etude.data.tabular.cells import Cells
from etude.data.tabular.dialect import (
    CELL,
    Dialect,
    Reading,
    find,
    large_cells,
    lines,
    opened,
)
from etude.errors import DataError, plain
from etude.locale.texts import Text, text

TEXT = (".csv", ".tsv", ".tab", ".txt", ".dat")
JSON_LINES = (".jsonl", ".ndjson")
ARFF = ".arff"
SUFFIXES = (*TEXT, *JSON_LINES, ARFF)
BLOCK = 8192
"""Rows that are handed to the columns at a time."""
MOST_COLUMNS, MOST_BAD = 10_000, 100_000
"""Columns of a table; and lines that are no rows, beyond which the file is not read any further."""
BLANK = re.compile(r"\s")
NAME = 200
"""Largest number of characters in the name of a column."""


@dataclass(frozen=True)
class Table:
    """The cells of a table by column, in the order of the file.

    lines: the line of each row. reading: by which new files are read alike. bad: lines that are not
    rows, in the words of the error. notes: what is said about the reading. files: of several files
    the first row and the path of each; the lines are then counted in each of them.
    """

    names: tuple[str, ...]
    cells: tuple[Cells, ...]
    lines: tuple[int, ...]
    reading: Reading
    notes: tuple[Text, ...] = ()
    bad: tuple[Bad, ...] = ()
    files: tuple[tuple[int, str], ...] = ()

    def __len__(self) -> int:
        return len(self.lines)

    def name(self, row: int) -> str:
        """The name of a row: its line, with its file if there are several."""
        return f"{self._file(row)}:{self.lines[row]}" if self.files else str(self.lines[row])

    def at(self, row: int, where: str) -> str:
        """The place of a row in an error: file and line. where: what the table is called."""
        return f"{self._file(row) or where}:{self.lines[row]}"

    def _file(self, row: int) -> str:
        return next((path for first, path in reversed(self.files) if first <= row), "")


@dataclass(frozen=True)
class Source:
    """The rows of a file, before any of them is read. body: (line, cells) of each row; for a line
    that is no row, what is wrong with it. notes: what is said about the reading."""

    header: list[str]
    body: "Body"
    dialect: Dialect
    notes: tuple[Text, ...] = ()


def begin(path: Path, reading: Reading) -> Source:
    """The names of the columns of a file, and its rows. Raises DataError for the header."""
    if any(suffix.lower() in JSON_LINES for suffix in path.suffixes):
        source = _objects(path)
        return Source(next(source)[1], source, Dialect("utf-8", ",", "."))
    if ARFF in map(str.lower, path.suffixes):
        rows = arff.rows(path)
        note = text("data.note.arff.table", path=path)
        return Source(next(rows)[1], rows, Dialect("utf-8", ",", "."), (note,))  # type: ignore[arg-type]
    dialect = find(path, reading)
    header, body = _header(path, _delimited(path, dialect), reading)
    return Source(header, body, dialect)


def first(path: Path, reading: Reading, count: int) -> tuple[list[str], list[list[str]]]:
    """(names of the columns, the first rows) of a file. Raises DataError for the header."""
    if any(suffix.lower() in JSON_LINES for suffix in path.suffixes):
        objects = [one for _, one in islice(_json(path), count) if isinstance(one, dict)]
        names = list(dict.fromkeys(key for one in objects for key in one))
        return names, [[_cell(one.get(name)) for name in names] for one in objects]
    source = begin(path, reading)
    return source.header, [row for _, row in islice(source.body, count) if isinstance(row, list)]


def read(path: Path, reading: Reading, limit: int | None) -> Table:
    """Read a table. limit: number of rows to read.

    Raises DataError: for the header, or if there are no rows.
    """
    source = begin(path, reading)
    header, body, dialect = source.header, source.body, source.dialect
    missing = frozenset(reading.missing)
    columns = [Cells(dialect.decimal, missing) for _ in header]
    bad: list[Bad] = []
    places: list[int] = []
    while block := list(islice(body, BLOCK if limit is None else min(BLOCK, limit - len(places)))):
        good = []
        for line, row in block:
            if isinstance(row, Text):
                bad.append(Bad("", f"{path}:{line}", row))
            else:
                good.append(row)
                places.append(line)
        for cells, column in zip(zip(*good, strict=True), columns, strict=bool(good)):
            # Most columns have no blanks, and to strip every cell takes a third of the time.
            spaced = BLANK.search("".join(cells))
            column.add([cell.strip() for cell in cells] if spaced else cells)
        if len(bad) > MOST_BAD:
            raise DataError(
                text("data.table.bad_lines", path=path, count=len(bad)),
                items=[one.sentence for one in bad[:20]],
                do=text("data.table.bad_lines.do"),
            )
    for column in columns:
        column.close()
    if not places:
        raise DataError(
            text("data.table.empty", path=path), items=[one.sentence for one in bad[:20]]
        )
    kept, notes = named(header, columns)
    notes = [*source.notes, *notes]
    if said := dialect.note():
        notes = [said, *notes]
    return Table(
        tuple(name for name, _ in kept),
        tuple(column for _, column in kept),
        tuple(places),
        reading.model_copy(update={"usual": dialect.decimal}),
        tuple(notes),
        tuple(bad),
    )


def _delimited(path: Path, dialect: Dialect) -> Iterator[tuple[int, list[str] | Text]]:
    """(line, cells) of each line that is not empty; where the text cannot be parsed, the reason."""
    with opened(path) as file, large_cells():
        reader = csv.reader(
            lines(file, dialect.encoding, path),
            delimiter=dialect.separator,
            skipinitialspace=True,
        )
        before = start = 0
        while True:
            try:
                for row in reader:
                    if row and (row[0] or any(map(str.strip, row))):
                        # A cell may contain line ends: the row begins after the one before.
                        yield before + 1, row
                    start, before = before, reader.line_num
                if _is_open(path, dialect, start, before):
                    yield start + 1, text("data.table.quote")
                return
            except csv.Error as error:
                # The csv module has no type for a cell that is too large.
                large = "field limit" in str(error)
                what = text("data.table.cell", most=CELL) if large else None
                yield before + 1, what or text("data.table.csv", why=error)
                before = reader.line_num


def _is_open(path: Path, dialect: Dialect, start: int, end: int) -> bool:
    """Whether the last row of a file, from after line `start` to line `end`, has a quote that is
    not closed; the csv module takes the rest of the file for its cell."""
    if end - start < 2:
        return False
    with opened(path) as file:
        last = islice(lines(file, dialect.encoding, path), start, end)
        return sum(line.count('"') for line in last) % 2 == 1


Body = Iterator[tuple[int, list[str] | Text]]


def _header(path: Path, found: Body, reading: Reading) -> tuple[list[str], Body]:
    """(names of the columns, the rows after them). Raises DataError."""
    first = next(found, None)
    if first is None:
        raise DataError(text("data.table.empty", path=path))
    line, cells = first
    if isinstance(cells, Text):
        raise DataError(text("data.table.header", path=path, line=line, why=cells))
    if names := reading.names:
        rest = tuple(name for name in names if name not in reading.may_lack)
        names = rest if len(cells) == len(rest) else names
        if len(names) != len(cells):
            raise DataError(text("data.table.names", path=path, count=len(names), cells=len(cells)))
        return list(names), _even(_chain(first, found), len(cells))
    header = [unicodedata.normalize("NFC", cell.strip()) for cell in cells]
    if len(header) > MOST_COLUMNS:
        raise DataError(text("data.table.columns", path=path, count=len(header), most=MOST_COLUMNS))
    if all(_is_number(cell) for cell in header):
        raise DataError(
            text("data.table.no_header", path=path, cells=tuple(header[:5])),
            do=text("data.table.no_header.do"),
        )
    problems = wrong_names(header)
    if problems:
        raise DataError(
            text("data.table.bad_header", path=path),
            items=problems,
            do=text("data.table.bad_header.do"),
        )
    return header, _even(found, len(header))


def wrong_names(header: list[str]) -> list[Text]:
    """What is wrong with the names of columns: one that stands twice, one that is too long."""
    places: dict[str, list[str]] = {}
    for place, name in enumerate(header, 1):
        places.setdefault(name, []).append(str(place))
    return [
        text("data.table.twice", name=plain(name), places=where)
        for name, where in places.items()
        if name and len(where) > 1
    ] + [
        text("data.table.long_name", name=plain(name[:40]), most=NAME)
        for name in places
        if len(name) > NAME
    ]


def _chain(first: tuple[int, list[str] | Text], rest: Body) -> Body:
    yield first
    yield from rest


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _even(found: Body, width: int) -> Body:
    """The rows, where one of another width than the header is replaced by what is wrong with it.

    One empty cell too many at the end is a separator that ends the line.
    """
    for line, row in found:
        if isinstance(row, list) and len(row) == width + 1 and not row[-1].strip():
            row = row[:-1]
        if isinstance(row, list) and len(row) != width:
            yield line, text("data.table.width", cells=len(row), expected=width)
        else:
            yield line, row


def named(header: list[str], columns: list[Cells]) -> tuple[list[tuple[str, Cells]], list[Text]]:
    """The columns by name. One without a name is left out if it is empty, else named by its
    place."""
    kept: list[tuple[str, Cells]] = []
    notes = []
    for place, (name, column) in enumerate(zip(header, columns, strict=True), 1):
        if name:
            kept.append((name, column))
        elif column.codes is not None and not any(column.filled()):
            notes.append(text("data.note.table.unnamed_empty", place=place))
        else:
            kept.append((f"column{place}", column))
            notes.append(text("data.note.table.unnamed", place=place, name=f"column{place}"))
    return kept, notes


def _objects(path: Path) -> Iterator[tuple[int, Any]]:
    """The names of the columns, then (line, cells) of each flat object of a file of JSON lines."""
    names: dict[str, int] = {}
    # Twice through the file: a later object may have keys that the first ones lack.
    for _, value in _json(path):
        if isinstance(value, dict):
            for key in value:
                names.setdefault(key, len(names))
        if len(names) > MOST_COLUMNS:
            raise DataError(
                text("data.table.columns", path=path, count=len(names), most=MOST_COLUMNS)
            )
    if not names:
        raise DataError(text("data.table.empty", path=path))
    yield 0, list(names)
    for line, value in _json(path):
        if isinstance(value, Text):
            yield line, value
        elif not isinstance(value, dict):
            yield line, text("data.table.json.object")
        elif nested := [key for key, cell in value.items() if isinstance(cell, dict | list)]:
            yield line, text("data.table.json.nested", keys=tuple(map(plain, nested)))
        else:
            yield line, [_cell(value.get(name)) for name in names]


def _json(path: Path) -> Iterator[tuple[int, Any]]:
    with opened(path) as file:
        for number, line in enumerate(lines(file, "utf-8-sig", path), 1):
            if not line.strip():
                continue
            try:
                # As text, because 9007199254740993 has more digits than a float holds.
                yield number, json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
            except (ValueError, RecursionError) as error:
                yield number, text("data.table.json", why=error)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
