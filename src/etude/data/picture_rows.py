"""The pictures that the rows of a table name: which column has their paths, and where they are.

A path is relative to the folder of the table and stays inside it, as links do in a folder of
pictures: a list may come from a stranger.
"""

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath

from etude.data.images import SUFFIXES
from etude.data.labelled import Row
from etude.data.reasons import unreadable
from etude.data.tabular import reader
from etude.data.tabular.dialect import Reading
from etude.data.tree import shown
from etude.errors import DataError, plain
from etude.locale.texts import Text, text

WORDS = frozenset(
    {"file", "filename", "filepath", "path", "image", "images", "img", "picture", "photo",
     "파일", "파일명", "경로", "이미지", "그림", "사진"}
)  # fmt: skip
"""Words in the name of a column that holds paths of pictures."""
EXAMINED = 20
"""Rows that are looked at to see whether a column holds pictures."""


def reads(path: Path) -> bool:
    """Whether a file has the suffix of a table."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    return bool(suffixes) and suffixes[-1] in reader.SUFFIXES


def recognises(path: Path) -> bool:
    """Whether a table surely is a list of pictures: a column has the name for it, and its first
    cells end as names of pictures do."""
    try:
        return bool(_looking(*reader.first(path, Reading(), EXAMINED)))
    except DataError:
        return False


def _looking(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The columns that look like paths of pictures."""
    return [
        name
        for i, name in enumerate(names)
        if _named(name)
        and any(row[i].strip() for row in rows if len(row) == len(names))
        and all(
            Path(row[i].strip()).suffix.lower() in SUFFIXES
            for row in rows
            if len(row) == len(names) and row[i].strip()
        )
    ]


def _named(name: str) -> bool:
    """Whether the name of a column says that it holds paths: file_name, imagePath, Image."""
    apart = re.sub(r"([a-z\d])([A-Z])", r"\1 \2", name)
    words = re.split(r"[\W_\d]+", apart.lower())
    return bool({*words, "".join(words)} & WORDS)


def column_of(path: Path, reading: Reading, asked: str) -> str:
    """The name of the column with the paths. asked: as the user says. Raises DataError."""
    names, rows = reader.first(path, reading, EXAMINED)
    if asked in names:
        return asked
    if not asked:
        found = _looking(names, rows) or [name for name in names if _named(name)]
        if found:
            return found[0]
    raise DataError(
        text("data.table.no_column", field="image", name=plain(asked))
        if asked
        else text("data.list.no_image", path=shown(path)),
        do=text("data.list.no_image.do", names=tuple(map(plain, names[:50]))),
    )


def rows_of(path: Path, reading: Reading, column: str) -> list[Row]:
    """The pictures that the rows of a table name, in order; lines that are no rows are not among
    them. Raises DataError."""
    source = reader.begin(path, reading)
    place = source.header.index(column)
    folder, where = path.parent, shown(path)
    inside = os.path.join(os.path.realpath(folder), "")
    result = []
    for line, row in source.body:
        if isinstance(row, list):
            name = row[place].strip()
            said = f"{where}:{line} {shown(name)}".strip()
            result.append(Row(shown(name), _place(folder, inside, name), said))
    return result


def _place(folder: Path, inside: str, name: str) -> Path | Text:
    """The picture of this name in a folder; the reason if there is none, or if it is outside."""
    if not name:
        return text("data.list.empty")
    if "://" in name:
        return text("data.list.address")
    # As Windows reads it, so that a list means the same on every system.
    pure = PureWindowsPath(name)
    if pure.drive or pure.root:
        return text("data.list.absolute")
    if ".." in pure.parts:
        return text("data.list.parent")
    error: OSError | None = None
    composed, decomposed = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    # Separators of Windows, and both forms of accents and Hangul, which systems write differently.
    for one in dict.fromkeys((name, name.replace("\\", "/"), composed, decomposed)):
        path = folder / one.replace("\0", "?")
        try:
            real = os.path.realpath(path, strict=True)
        except OSError as failed:
            error = error or failed
            continue
        return path if real.startswith(inside) else text("data.link.outside")
    assert error is not None
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return text("data.list.missing")
    return unreadable(error)


def entries(path: Path, reading: Reading) -> list[tuple[str, Path]]:
    """(name, path) of each picture in a list, for predictions. Raises DataError with every row
    whose picture cannot be read."""
    names, _ = reader.first(path, reading, EXAMINED)
    column = column_of(path, reading, reading.image if reading.image in names else "")
    rows = rows_of(path, reading, column)
    problems = [
        text("data.at", where=row.where, what=row.place)
        for row in rows
        if isinstance(row.place, Text)
    ]
    if problems:
        raise DataError(text("data.inputs.bad"), items=problems)
    return [(row.where, row.place) for row in rows if isinstance(row.place, Path)]
