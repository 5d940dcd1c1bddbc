"""The files of a table: one of any format, a folder of parts, or those that a pattern names.

Parts are read in the order of their names as one table; their headers must have the same columns.
"""

import os
from collections.abc import Iterator
from glob import glob, has_magic
from pathlib import Path

from etude.data.names import left_by_systems, split_called
from etude.data.tabular import parquet, reader
from etude.data.tabular.dialect import Reading
from etude.data.tabular.joined import differing, joined
from etude.data.tabular.reader import Source, Table
from etude.errors import DataError, plain
from etude.locale.texts import listed, text

SUFFIXES = (*reader.SUFFIXES, *parquet.SUFFIXES)
MOST = 10_000
"""Files of one table."""
SHOWN = 5
PAIR = ("_train", "_test")
"""Ends of the names of two files of sequences, which are no parts of one table."""


def begin(path: Path, reading: Reading) -> Source:
    """The columns and rows of one file of any format. Raises DataError."""
    if path.suffix.lower() in parquet.SUFFIXES:
        return parquet.begin(path)
    return reader.begin(path, reading)


def read_file(path: Path, reading: Reading, limit: int | None) -> Table:
    """The cells of one file of any format. limit: number of rows to read. Raises DataError."""
    if path.suffix.lower() in parquet.SUFFIXES:
        return parquet.read(path, reading, limit)
    return reader.read(path, reading, limit)


def word_of(path: Path) -> str:
    """The suffix of a file in lower case, .gz aside."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    return suffixes[-1] if suffixes else ""


def is_pattern(path: Path | str) -> bool:
    """Whether a path is a pattern such as part-*.csv, and no file of that name."""
    return has_magic(str(path)) and not os.path.exists(path)


def files_of(path: Path) -> list[Path]:
    """The files of a table in the order of their names: of a folder those with the suffix of a
    table, of a pattern those that it names; else the file itself. Raises DataError if there are
    none, or too many."""
    if is_pattern(path):
        found = [Path(name) for name in glob(str(path)) if os.path.isfile(name)]
    elif path.is_dir():
        found = _inside(path)
    else:
        return [path]
    if not 0 < len(found) <= MOST:
        raise DataError(text("data.parts.count", path=path, count=len(found), most=MOST))
    return sorted(found)


def _inside(folder: Path) -> list[Path]:
    # Names with an underscore first are the notes of those who write parts: _SUCCESS, _metadata.
    return [
        file
        for file in folder.iterdir()
        if file.is_file() and file.name[0] != "_" and word_of(file) in SUFFIXES
        if not left_by_systems(file.name)
    ]


def is_table(path: Path) -> bool | None:
    """Whether a path is surely a table: a folder of nothing but tables, or a pattern of them. None
    for a file, whose content says nothing."""
    if is_pattern(path):
        return all(word_of(file) in SUFFIXES for file in files_of(path))
    if not path.is_dir():
        return None
    others = [
        entry
        for entry in path.iterdir()
        if not left_by_systems(entry.name)
        and entry.name[0] != "_"
        and word_of(entry) not in SUFFIXES
    ]
    tables = _inside(path)
    pairs = any(file.stem.lower().endswith(PAIR) for file in tables)
    return bool(tables) and not others and not pairs


def read(path: Path, reading: Reading, limit: int | None) -> Table:
    """The cells of a file, or of all parts as one table. limit: number of rows to read.

    Raises DataError, also for parts whose columns differ.
    """
    files = files_of(path)
    if files == [path]:
        return read_file(path, reading, limit)
    tables: list[Table] = []
    for file in files:
        left = None if limit is None else limit - sum(map(len, tables))
        if left == 0:
            break
        if tables:  # a part that does not show its decimal sign has that of those before
            reading = reading.model_copy(update={"usual": tables[-1].reading.usual})
        tables.append(read_file(file, reading, left))
    names = [plain(str(file)) for file in files[: len(tables)]]
    if more := differing(tables, names):
        raise DataError(
            text("data.parts.columns", path=names[0]), items=more, do=text("data.parts.columns.do")
        )
    whole = joined(tables, names, ())
    said = listed([plain(file.name) for file in files[:SHOWN]], len(files))
    note = text("data.note.parts", count=len(files), names=said)
    return Table(
        whole.names, whole.cells, whole.lines, whole.reading, (note, *whole.notes), whole.bad,
        whole.files,
    )  # fmt: skip


def names(path: Path, reading: Reading) -> list[str]:
    """The names of the columns of a file, or of the first part. Raises DataError."""
    return begin(files_of(path)[0], reading).header


def by_split(path: Path) -> dict[str, Path]:
    """The file of each split, if the names of all files in a folder are those of splits and train
    and test are among them; else nothing."""
    if not path.is_dir():
        return {}
    files = files_of(path)
    found = {split_called(file.name.split(".")[0]): file for file in files}
    whole = len(found) == len(files) and "" not in found and {"train", "test"} <= set(found)
    return found if whole else {}


def rows(path: Path, reading: Reading) -> tuple[list[str], Iterator[tuple[str, list[str]]]]:
    """(names of the columns, (name, cells) of each row as text), of a file or of all parts."""
    files = files_of(path)
    header = begin(files[0], reading).header
    return header, _rows(files, header, reading, files != [path])


def _rows(
    files: list[Path], header: list[str], reading: Reading, several: bool
) -> Iterator[tuple[str, list[str]]]:
    for file in files:
        source = begin(file, reading)
        order = [source.header.index(name) for name in header]
        for line, row in source.body:
            if isinstance(row, list):
                yield (
                    f"{plain(str(file))}:{line}" if several else str(line),
                    [row[i] for i in order],
                )
