"""What the formats of labelled sequences have in common: the content of a file, its lines, its
values, and padding."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from gzip import GzipFile
from pathlib import Path

import numpy as np

from etude.data.bad import Bad
from etude.data.reasons import missing, unreadable
from etude.data.tabular.dialect import SIZE, opened
from etude.errors import DataError, InvalidValue
from etude.locale.texts import Sentence, Text, text

LINE = 16 << 20
PADDED = 8 << 30
LONGEST = 40
"""Characters of a class name, or a line, that a message shows."""


@dataclass
class Sequences:
    """The content of one file. rows: [L Q] float64 each; labels: their classes, empty if the file
    has none; classes: in the order of the header; names: file and line of each row; bad: lines that
    are not a sequence, or whose sequence has another shape than the rest. declared: whether a
    header names the classes, and not the samples alone."""

    rows: list[np.ndarray] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    classes: tuple[str, ...] = ()
    names: list[str] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    declared: bool = True


def lines(path: Path, problems: list[Sentence]) -> Iterator[tuple[int, str]]:
    """(number, line without blanks around it) of each line that is not empty, of a file that may be
    packed by gzip. What is wrong with the file as a whole is added to `problems`."""
    if not os.path.isfile(path):  # opening a pipe would block
        problems.append(text("data.at", where=path, what=missing(path)))
        return
    number = size = 0
    try:
        with opened(path) as file:
            # One byte more than the limit: a longer line is noticed without reading all of it.
            while raw := file.readline(LINE + 1):
                number += 1
                size += len(raw)
                if len(raw) > LINE:
                    problems.append(at(path, number, text("data.ts.long", most=LINE)))
                    return
                if size > SIZE and isinstance(file, GzipFile):  # a small file may unpack to much
                    problems.append(text("data.table.large", path=path, limit=SIZE >> 30))
                    return
                # Only the first line can begin with a byte order mark. A byte that is not UTF-8
                # makes its own line bad and not the whole file.
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8", "replace").strip()
                if line:
                    yield number, line
    except DataError as error:
        problems.append(error.what)
    except OSError as error:
        problems.append(text("data.at", where=path, what=unreadable(error)))


def uniform(content: Sequences, dimensions: int = 0, length: int = 0, *, equal: bool) -> None:
    """Move sequences of the wrong shape to `content.bad`: those with other dimensions than the
    header says, and if all should be of `equal` length, other steps. 0: the header says nothing,
    and the most frequent value counts."""
    for axis, declared, key in (
        (1, dimensions, "data.ts.dimension"),
        (0, length, "data.ts.length"),
    ):
        sides = [row.shape[axis] for row in content.rows]
        if not sides or (axis == 0 and not equal):
            continue
        expected = declared or Counter(sides).most_common(1)[0][0]
        for i, (side, where) in enumerate(zip(sides, content.names)):
            if side != expected:
                reason = text(key, have=side, want=expected)
                label = content.labels[i] if content.labels else ""
                content.bad.append(Bad(group(label, where), where, reason))
        _only(content, [i for i, side in enumerate(sides) if side == expected])


def unlabelled(content: Sequences) -> None:
    """Move sequences whose class is missing in a file with classes to `content.bad`."""
    empty = {i for i, label in enumerate(content.labels) if not label}
    content.bad += [Bad("", content.names[i], text("data.ts.no_class")) for i in sorted(empty)]
    _only(content, [i for i in range(len(content.rows)) if i not in empty])


def _only(content: Sequences, good: list[int]) -> None:
    """Leave these sequences in the content, and its bad ones in the order of the file."""
    content.rows = [content.rows[i] for i in good]
    content.names = [content.names[i] for i in good]
    content.labels = [content.labels[i] for i in good] if content.labels else []
    # Some are known to be bad only after the last line.
    content.bad.sort(key=line_of)


def line_of(bad: Bad) -> int:
    """The number of the line of a bad sample."""
    return int(bad.name.rpartition(" ")[2])


def where_of(path: Path, number: int) -> str:
    """The name of the sample in a line of a file."""
    return f"{path.name} line {number}"


def at(path: Path, number: int, what: Sentence) -> Text:
    """A problem of one line."""
    return text("data.ts.at", file=path.name, line=number, what=what)


def group(label: str, where: str) -> str:
    """The file and class of a sample, "FILE @classLabel NAME"; `where` is "FILE line NUMBER"."""
    return f"{where.rpartition(' line ')[0]} @classLabel {label}" if label else ""


def values(words: Sequence[str], dimension: int) -> np.ndarray:
    """['1', '2', '3'] -> [L] float64. Raises ValueError with the first step that is not a
    number."""
    # All words at once; one by one only if that fails, to find the bad ones.
    try:
        found = np.array(words, np.float64)
    except ValueError:
        found = np.array([number(word) for word in words])
    # `not <=` instead of `>`: a comparison with NaN is false, and NaN must count as bad.
    bad = np.flatnonzero(~(np.abs(found) <= np.finfo(np.float32).max))
    if len(bad):
        word = words[bad[0]].strip()[:20]
        what = (
            text("data.ts.value.missing")
            if is_missing(word)
            else text("data.ts.value.bad", value=word)
        )
        where = {"dimension": dimension, "step": bad[0] + 1, "what": what}
        raise InvalidValue(
            text("data.ts.values", **where, count=len(bad))
            if len(bad) > 1
            else text("data.ts.value", **where)
        )
    return found


def is_missing(word: str) -> bool:
    """Whether a word stands for a missing value."""
    return word.strip().lower() in ("?", "", "nan")


def ends(words: Sequence[str]) -> int:
    """The number of words up to the last one that is a value: what follows is padding."""
    count = len(words)
    while count and is_missing(words[count - 1]):
        count -= 1
    return count


def number(word: str) -> float:
    """The number that a word is; nan if it is none."""
    try:
        return float(word)
    except ValueError:
        return np.nan


def pad(rows: list[np.ndarray], longest: int = 0) -> tuple[np.ndarray, np.ndarray | None]:
    """Sequences [L Q] -> ([n L Q] padded with zeros, lengths [n] or None if no one is padded).

    longest: the least L of the result. Raises DataError if a single long sequence would blow a
    small file up beyond the limit.
    """
    lengths = np.array([len(row) for row in rows], np.int64)
    longest = max(longest, int(lengths.max()))
    dtype = np.result_type(*{row.dtype for row in rows})
    size = dtype.itemsize * len(rows) * longest * rows[0].shape[1]
    if size > PADDED:
        raise DataError(
            text("data.ts.padded", count=len(rows), steps=longest, size=size, most=PADDED),
            do=text("data.ts.padded.do"),
        )
    x = np.zeros((len(rows), longest, rows[0].shape[1]), dtype)
    for place, row in zip(x, rows, strict=True):
        place[: len(row)] = row
    return x, None if (lengths == longest).all() else lengths
