"""How a file of delimited text is written: its encoding, separator and decimal sign.

Each is looked for in the file, said to the user, and can be set. Nothing here guesses the type of a
column: see `columns`.
"""

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

from etude.config import Config
from etude.data.tabular.units import Parse, bare
from etude.errors import DataError
from etude.locale.texts import Text, text

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
"""The separators by the names that a recipe has for them."""
SAMPLE_LINES, SAMPLE_BYTES = 200, 1 << 20
"""As much of a file as is looked at to find its separator and its decimal sign."""
MOST_COLUMNS = 10_000
"""Columns of a table."""
LINE, CELL, SIZE = 16 << 20, 1 << 20, 2 << 30
"""Largest line, cell and file, in characters and bytes: beyond, the file is not what it seems."""
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
MISSING_NUMBERS = frozenset({"na", "n/a", "nan", "null", "none", "?", "-", ".", "#n/a"})
"""Words for a missing number, in lower case. In a column of text they are words as all others."""
DOT = re.compile(r"[+-]?(\d+\.(\d{1,2}|\d{4,})|\d{1,3}(,\d{3})+\.\d+)")
"""A number that can have no other decimal sign than a dot; three digits may be thousands."""
COMMA = re.compile(r"[+-]?(\d+,(\d{1,2}|\d{4,})|\d{1,3}(\.\d{3})+,\d+)")
THREE = re.compile(r"[+-]?\d+,\d{3}")


Sign = Literal[".", ","]
StepForm = Literal["", "iso", "dmy", "mdy"]
Bytes = io.BufferedReader | gzip.GzipFile


@dataclass(frozen=True)
class Dialect:
    """How the text of one file is read. odd: the first line that is not UTF-8, 0 if all are.
    comments: the lines before the names of the columns, which begin with #."""

    encoding: str
    separator: str
    decimal: Sign
    odd: int = 0
    comments: int = 0

    def notes(self) -> Iterator[Text]:
        """What is unusual about the file, for the user."""
        if self.comments:
            yield text("data.note.table.comments", count=self.comments)
        if (self.separator, self.decimal) == (",", ".") and not self.odd:
            return
        name = next(key for key, sign in SEPARATORS.items() if sign == self.separator)
        yield text(
            "data.note.table.dialect",
            separator=text(f"data.table.separator.{name}"),
            decimal=self.decimal,
            encoding=text("data.table.encoding.odd", line=self.odd) if self.odd else "",
        )


@contextmanager
def opened(path: Path) -> Iterator[Bytes]:
    """The bytes of a file, unpacked if it is packed by gzip. Raises DataError."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            yield gzip.GzipFile(fileobj=raw) if packed else raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(text("data.table.gzip", path=path, error=error)) from None
    except OSError as error:
        raise DataError(text("data.table.unreadable", path=path, why=error.strerror)) from None


def encoding_of(path: Path) -> tuple[str, int]:
    """(encoding, first line that is not UTF-8 or 0): by its mark, else UTF-8, else Windows-1252.

    Raises DataError for a file that has bytes of neither, or is larger than SIZE.
    """
    with opened(path) as file:
        start = file.read(4)
        for mark, name in MARKS:
            if start.startswith(mark):
                return name, 0
        odd = _not_utf8(path, start, file)
    if not odd:
        return "utf-8", 0
    with opened(path) as file:
        if b"\x00" in start or any(set(block) & UNDEFINED for block in _blocks(file)):
            raise DataError(
                text("data.table.encoding", path=path, line=odd),
                do=text("data.table.encoding.do"),
            )
    return "cp1252", odd


UNDEFINED = frozenset(b"\x81\x8d\x8f\x90\x9d")
"""Bytes that mean nothing in Windows-1252."""


def _blocks(file: Bytes) -> Iterator[bytes]:
    while block := file.read(1 << 20):
        yield block


def _not_utf8(path: Path, start: bytes, file: Bytes) -> int:
    """The number of the first line that is not UTF-8; 0 if all are. Raises DataError if the file
    is too large."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, size = 1, 0
    for block in chain([start], _blocks(file)):
        size += len(block)
        if size > SIZE:
            raise DataError(
                text("data.table.large", path=path, limit=SIZE >> 30),
                do=text("data.table.large.do"),
            )
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            return line + error.object[: error.start].count(b"\n")
        line += block.count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return line
    return 0


def lines(file: Bytes, encoding: str, path: Path, comments: int = 0) -> Iterator[str]:
    """The lines of a text, ends included; the first `comments` ones are empty, so that the others
    keep their numbers. Raises DataError for a line that is too long."""
    # newline="": a line end inside quotes belongs to the cell, as the csv module asks for.
    stream = io.TextIOWrapper(file, encoding=encoding, newline="")
    number = 0
    try:
        while line := stream.readline(LINE):
            number += 1
            if len(line) == LINE:
                raise DataError(text("data.table.line", path=path, line=number, limit=LINE))
            yield line.replace("\0", "") if number > comments else "\n"
    except UnicodeDecodeError as error:
        raise DataError(
            text("data.table.decode", path=path, line=number + 1, encoding=encoding, error=error)
        ) from None


@contextmanager
def large_cells() -> Iterator[None]:
    """Inside, the csv module takes cells of up to CELL characters."""
    before = csv.field_size_limit(CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


class Reading(Config):
    """How a user says that tables are written; "auto": as the file shows.

    names: of the columns of files without a line of names. optional: those of them that a file may
    lack (one in version 0.2.0). series, step: the columns that name the sequence of a row, and
    order its steps; empty if each row is a sample, and if the rows are in order. step_form: of
    dates that are steps. image: of a list of pictures, the column with their paths. missing: words
    for a missing number, in lower case. usual: the decimal sign of files that do not show which
    they use. zone: of times that say no offset.
    """

    separator: Literal["auto", "comma", "semicolon", "tab", "bar"] = "auto"
    decimal: Literal["auto", ".", ","] = "auto"
    encoding: str = "auto"
    names: tuple[str, ...] = ()
    optional: str | tuple[str, ...] = ()
    series: str = ""
    step: str = ""
    step_form: StepForm = ""
    missing: tuple[str, ...] = tuple(sorted(MISSING_NUMBERS))
    usual: Literal[".", ","] = "."
    image: str = ""
    zone: str = ""

    @property
    def may_lack(self) -> tuple[str, ...]:
        """The columns that new files may lack."""
        return (self.optional,) if isinstance(self.optional, str) else self.optional


def find(path: Path, reading: Reading) -> Dialect:
    """The dialect of a file; what is not "auto" is taken as it is. Raises DataError."""
    encoding = reading.encoding
    found, odd = encoding_of(path) if encoding == "auto" else (encoding, 0)
    try:
        codecs.lookup(found)
    except LookupError:
        raise DataError(text("data.table.no_encoding", encoding=encoding)) from None
    sample: list[str] = []
    size = 0
    with opened(path) as file:
        for line in lines(file, found, path):
            size += len(line)
            sample.append(line)
            if len(sample) >= SAMPLE_LINES or size >= SAMPLE_BYTES:
                break
    comments = _comments(sample)
    rest = sample[comments:]
    sign = SEPARATORS.get(reading.separator) or _separator(rest, path)
    table = _parsed(rest, sign)
    if comments and not reading.names and _is_header(sample[comments - 1], table, sign):
        comments -= 1
    decimal: Sign = reading.usual
    if reading.decimal != "auto":
        decimal = reading.decimal
    elif shown := _decimal([bare(cell.strip()) for row in table[1:] for cell in row], sign):
        decimal = shown
    return Dialect(found, sign, decimal, odd, comments)


def _comments(sample: Sequence[str]) -> int:
    """The number of lines at the start up to the last that begins with #; 0 if there
    are no others."""
    last = 0
    for number, line in enumerate(sample, 1):
        if line.startswith("#"):
            last = number
        elif line.strip():
            return last
    return 0


def _is_header(line: str, table: Sequence[Sequence[str]], separator: str) -> bool:
    """Whether a line that begins with # has the names of the columns: as many as the rows after
    it have cells, and the first of these rows has no names itself."""
    names = next(iter(_parsed([line], separator)), [])
    if not table or len(names) != len(table[0]):
        return False
    first, *others = ([_has_digit(cell) for cell in row] for row in table)
    # Names where all rows after them have numbers.
    named = any(not here and all(below) for here, *below in zip(first, *others)) and others
    return not named


def _has_digit(cell: str) -> bool:
    return any(map(str.isdigit, cell))


def _parsed(sample: Sequence[str], separator: str) -> list[list[str]]:
    result: list[list[str]] = []
    with large_cells():
        try:
            for row in csv.reader(sample, delimiter=separator, skipinitialspace=True):
                if row:
                    result.append(row)
        except csv.Error:  # told with its line when the whole file is read
            pass
    return result


def _separator(sample: Sequence[str], path: Path) -> str:
    """The separator that gives most lines as many cells as the first line, which has several."""

    def score(sign: str) -> tuple[bool, float, int]:
        table = _parsed(sample, sign)
        if not table:
            return False, 0.0, 0
        width = len(table[0])
        # The last row of a sample may be cut inside quotes.
        same = sum(len(row) == width for row in table) / len(table)
        return width > 1, same, width

    first = "\t" if ".tsv" in path.suffixes or ".tab" in path.suffixes else ","
    # The most usual comes first, because max takes the first of equal ones.
    order = sorted(SEPARATORS.values(), key=lambda sign: sign != first)
    return max(order, key=score)


def _decimal(cells: Sequence[str], separator: str) -> Sign | None:
    """The decimal sign of the numbers in a sample; None if they could have either."""
    if any(DOT.fullmatch(cell) for cell in cells):
        return "."
    if any(COMMA.fullmatch(cell) for cell in cells):
        return ","
    # 1,234 is one thousand in a file with commas between cells; where semicolons stand there, the
    # comma is the decimal sign.
    german = separator == ";" and any(THREE.fullmatch(cell) for cell in cells)
    return "," if german else None


def number_parser(decimal: Sign) -> Parse:
    """A function from the text of a number to its value; it raises ValueError for any other text.

    Thousands may be grouped in threes by the other sign: 1,234.5 or, with a decimal comma, 1.234,5.
    """
    group = "," if decimal == "." else r"\."
    sign = re.escape(decimal)
    grouped = re.compile(rf"[+-]?\d{{1,3}}({group}\d{{3}})+({sign}\d*)?")
    other = "," if decimal == "." else "."

    def parse(cell: str) -> float:
        if "_" in cell:  # Python reads 1_000 as a number, no table does
            raise ValueError(cell)
        if grouped.fullmatch(cell):
            cell = cell.replace(other, "")
        elif other in cell and decimal == ",":
            raise ValueError(cell)
        return float(cell.replace(",", ".") if decimal == "," else cell)

    return parse
