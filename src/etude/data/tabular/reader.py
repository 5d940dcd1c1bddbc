"""Read the cells of a table: delimited text (.csv, .tsv, .txt) or JSON lines, packed or not.

Every cell is text until the rules of `columns` decide on the type of its column. The file is read
once, line by line, and what is wrong is named by its line; all of it in one report.
"""

import csv
import gc
import gzip
import io
import re
import unicodedata
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, chain, compress, islice
from math import inf
from operator import itemgetter
from pathlib import Path
from typing import cast

from etude.data.bad import Bad
from etude.data.sequences import arff
from etude.data.spill import Store
from etude.data.tabular import json_lines
from etude.data.tabular.cells import Cells
from etude.data.tabular.dialect import (
    CELL,
    MOST_COLUMNS,
    Bytes,
    Dialect,
    Reading,
    find,
    large_cells,
    lines,
    opened,
)
from etude.data.waiting import Waiting
from etude.errors import DataError, plain
from etude.locale.texts import Text, text

TEXT = (".csv", ".tsv", ".tab", ".txt", ".dat")
JSON_LINES = (".jsonl", ".ndjson")
ARFF = ".arff"
SUFFIXES = (*TEXT, *JSON_LINES, ARFF)
BLOCK = 2048
"""Rows that are handed to the columns at a time; their cells fit into the cache."""
MOST_BAD = 100_000
"""Lines that are no rows, beyond which the file is not read any further."""
first_of = itemgetter(0)
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
    lines: Sequence[int]
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


Body = Iterator[tuple[int, list[str] | Text]]
"""(line, cells) of each row; for a line that is no row, what is wrong with it."""


@dataclass(frozen=True)
class Block:
    """Successive rows of a file: the line of each and its cells; and the lines that are no rows,
    with what is wrong with them. read: bytes of the file that are read so far."""

    lines: Sequence[int]
    rows: list[list[str]]
    bad: list[tuple[int, Text]]
    read: int = 0


@dataclass(frozen=True)
class Source:
    """The rows of a file, before any of them is read: by blocks, or one by one as `body`. notes:
    what is said about the reading."""

    header: list[str]
    blocks: Iterator[Block]
    dialect: Dialect
    notes: tuple[Text, ...] = ()

    @property
    def body(self) -> Body:
        """The rows one by one, in the order of the file."""
        for block in self.blocks:
            found: list[tuple[int, list[str] | Text]] = [*block.bad]
            found += zip(block.lines, block.rows, strict=True)
            yield from sorted(found, key=first_of) if block.bad else found


def begin(path: Path, reading: Reading) -> Source:
    """The names of the columns of a file, and its rows. Raises DataError for the header."""
    if any(suffix.lower() in JSON_LINES for suffix in path.suffixes):
        source = json_lines.objects(path)
        return Source(next(source)[1], by_blocks(source), Dialect("utf-8", ",", "."))
    if ARFF in map(str.lower, path.suffixes):
        rows = arff.rows(path)
        note = text("data.note.arff.table", path=path)
        names = next(rows)[1]
        assert isinstance(names, list)  # the first item is the header
        return Source(names, by_blocks(rows), Dialect("utf-8", ",", "."), (note,))
    dialect = find(path, reading)
    header, blocks = _header(path, _delimited(path, dialect), reading)
    return Source(header, blocks, dialect)


def first(path: Path, reading: Reading, count: int) -> tuple[list[str], list[list[str]]]:
    """(names of the columns, the first rows) of a file. Raises DataError for the header."""
    if any(suffix.lower() in JSON_LINES for suffix in path.suffixes):
        objects = [
            one for _, one in islice(json_lines.values(path), count) if isinstance(one, dict)
        ]
        names = list(dict.fromkeys(key for one in objects for key in one))
        return names, [[json_lines.cell(one.get(name)) for name in names] for one in objects]
    source = begin(path, reading)
    return source.header, [row for _, row in islice(source.body, count) if isinstance(row, list)]


def read(path: Path, reading: Reading, limit: int | None) -> Table:
    """Read a table. limit: number of rows to read.

    Raises DataError: for the header, or if there are no rows.
    """
    source = begin(path, reading)
    header, dialect = source.header, source.dialect
    missing, store = frozenset(reading.missing), Store()
    columns = [Cells(dialect.decimal, missing, store, blanks=True) for _ in header]
    bad: list[Bad] = []
    places = array("q")
    size = path.stat().st_size
    with Waiting(path.name) as show, no_garbage_collection():
        for block in source.blocks:
            room = len(block.rows) if limit is None else limit - len(places)
            for cells, column in zip(zip(*block.rows[:room]), columns):
                column.add(cells)
            places.extend(block.lines[:room])
            ends = limit is not None and len(places) >= limit
            last = places[-1] if ends else inf
            bad += [Bad("", f"{path}:{line}", why) for line, why in block.bad if line < last]
            if len(bad) > MOST_BAD:
                raise DataError(
                    text("data.table.bad_lines", path=path, count=len(bad)),
                    items=[one.sentence for one in bad[:20]],
                    do=text("data.table.bad_lines.do"),
                )
            if ends:
                break
            show(block.read, size)
    for column in columns:
        column.close()
    if not places:
        raise DataError(
            text("data.table.empty", path=path), items=[one.sentence for one in bad[:20]]
        )
    kept, notes = named(header, columns)
    notes = [*source.notes, *notes]
    notes = [*dialect.notes(), *notes]
    return Table(
        tuple(name for name, _ in kept),
        tuple(column for _, column in kept),
        places,
        reading.model_copy(update={"usual": dialect.decimal}),
        tuple(notes),
        tuple(bad),
    )


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Inside, Python does not look for cycles: a row is a list, and with thousands of new lists a
    second that takes a third of the time of reading."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _delimited(path: Path, dialect: Dialect) -> Iterator[Block]:
    """The lines of a file that are not empty, by blocks; the first row is a block of its own.

    Where the text cannot be parsed, the reason.
    """
    with opened(path) as file, large_cells():
        reader = csv.reader(
            lines(file, dialect.encoding, path, dialect.comments),
            delimiter=dialect.separator,
            skipinitialspace=True,
        )
        before, start, size = 0, 0, 1
        while True:
            rows: list[list[str]] = []
            bad = []
            try:
                # Rows that come before an error in a block are kept by `extend`.
                rows.extend(islice(reader, size))
            except csv.Error as error:
                # The csv module has no type for a cell that is too large.
                large = "field limit" in str(error)
                what = text("data.table.cell", most=CELL) if large else None
                why = what or text("data.table.csv", why=error)
                bad.append((before + sum(map(_height, rows)) + 1, why))
            if not rows and not bad:
                if _is_open(path, dialect, start, before):
                    yield Block([], [], [(start + 1, text("data.table.quote"))])
                return
            if not bad and reader.line_num - before == len(rows):
                places: Sequence[int] = range(before + 1, before + 1 + len(rows))
            else:
                # A cell may contain line ends: the row begins after the one before.
                ends = accumulate(map(_height, rows), initial=before + 1)
                places = list(ends)[:-1]
            start = before if bad or not rows else places[-1] - 1
            if not all(row and row[0] for row in rows):
                filled = [bool(row) and any(map(str.strip, row)) for row in rows]
                places, rows = list(compress(places, filled)), list(compress(rows, filled))
            before = reader.line_num
            if rows or bad:
                size = BLOCK
                yield Block(places, rows, bad, _position(file))


def _is_open(path: Path, dialect: Dialect, start: int, end: int) -> bool:
    """Whether the last row of a file, from after line `start` to line `end`, has a quote that is
    not closed; the csv module takes the rest of the file for its cell."""
    if end - start < 2:
        return False
    with opened(path) as file:
        last = islice(lines(file, dialect.encoding, path), start, end)
        return sum(line.count('"') for line in last) % 2 == 1


def _position(file: Bytes) -> int:
    """Bytes of the file that are read so far, before they are unpacked; 0 at its end, where the
    text around it has closed it."""
    raw = cast(io.BufferedReader, file.fileobj if isinstance(file, gzip.GzipFile) else file)
    return 0 if raw is None or raw.closed else raw.tell()


LINE_END = re.compile(r"\r\n|\r|\n")


def _height(row: list[str]) -> int:
    """The number of lines of a row."""
    return 1 + sum(len(LINE_END.findall(cell)) for cell in row)


def by_blocks(found: Body) -> Iterator[Block]:
    """Rows by blocks."""
    while part := list(islice(found, BLOCK)):
        good = [(line, row) for line, row in part if not isinstance(row, Text)]
        bad = [(line, row) for line, row in part if isinstance(row, Text)]
        yield Block([line for line, _ in good], [row for _, row in good], bad)


def _header(
    path: Path, found: Iterator[Block], reading: Reading
) -> tuple[list[str], Iterator[Block]]:
    """(names of the columns, the rows after them). Raises DataError."""
    first = next(found, None)
    if first is None:
        raise DataError(text("data.table.empty", path=path))
    if first.bad:
        line, why = first.bad[0]
        raise DataError(text("data.table.header", path=path, line=line, why=why))
    cells = first.rows[0]
    if names := reading.names:
        rest = tuple(name for name in names if name not in reading.may_lack)
        names = rest if len(cells) == len(rest) else names
        if len(names) != len(cells):
            raise DataError(text("data.table.names", path=path, count=len(names), cells=len(cells)))
        return list(names), _even(chain([first], found), len(cells))
    # A header that stands in a comment, as NumPy's savetxt writes it.
    cells = [cells[0].lstrip("#"), *cells[1:]]
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


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _even(found: Iterator[Block], width: int) -> Iterator[Block]:
    """The blocks, where a row of another width than the header is bad.

    One empty cell too many at the end is a separator that ends the line.
    """
    for block in found:
        if all(len(row) == width for row in block.rows):
            yield block
            continue
        good, bad = [], list(block.bad)
        for line, row in zip(block.lines, block.rows, strict=True):
            if len(row) == width + 1 and not row[-1].strip():
                row.pop()
            if len(row) == width:
                good.append((line, row))
            else:
                bad.append((line, text("data.table.width", cells=len(row), expected=width)))
        bad.sort(key=first_of)
        yield Block([line for line, _ in good], [row for _, row in good], bad, block.read)


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
