"""ts: labelled sequences in the .ts format of the UCR and UEA archives.

    @classLabel true A B      the header: one @tag per line
    @data
    1,2,3:4,5,6:A             one sample per line: its dimensions, then its class

The path is NAME_TRAIN.ts or NAME_TEST.ts (the other is read from the same folder), a single file
with another name (a fifth becomes the test split, drawn once by data.split_seed), or a folder with
one such pair.
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import Field

from etude.data.bad import Bad, leave_out
from etude.data.dataset import DataConfig, Raw, Source, Split
from etude.data.splits import stratified
from etude.errors import DataError
from etude.locale.texts import Text, text

LINE = 16 << 20
PADDED = 8 << 30
SHOWN = 20
FLAGS = {"true": True, "false": False}


class Config(DataConfig):
    """The path of the file, and the seed that splits a single file."""

    path: str = Field(description="NAME_TRAIN.ts, or the folder that holds it")
    split_seed: int = Field(default=0, ge=0, description="draws the test split of a single file")


@dataclass
class Sequences:
    """The content of one file. rows: [L Q] float64 each; labels: their classes, empty if the file
    has none; classes: in the order of the header; names: file and line of each row; bad: lines that
    are not a sequence, or whose sequence has another shape than the rest."""

    rows: list[np.ndarray] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    classes: tuple[str, ...] = ()
    names: list[str] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)


@dataclass
class _Header:
    classes: tuple[str, ...] | None = None
    # The same classes as a set: one look-up per line must not search a list of thousands.
    allowed: frozenset[str] = frozenset()
    dimensions: int = 0
    length: int = 0
    equal: bool = False


def load(config: Config) -> Raw:
    """Sequences [n L Q] float64, with lengths if these differ. Raises DataError with all bad
    lines."""
    train_path, test_path, notes = _pair(Path(config.path))
    train, problems = parse(train_path)
    test, more = parse(test_path) if test_path else (None, [])
    problems += more
    both = [train] if test is None else [train, test]
    bad = [one for part in both for one in part.bad]
    if test and not problems:
        if test.classes != train.classes:
            problems.append(f"{test_path}: its header names other classes than {train_path.name}")
        if train.rows and test.rows and train.rows[0].shape[1] != test.rows[0].shape[1]:
            sides = f"{test.rows[0].shape[1]} dimensions, {train.rows[0].shape[1]}"
            problems.append(f"{test_path}: has {sides} in {train_path.name}")
    if not train.classes and not problems:
        problems.append(f"{train_path}: has no class labels (@classLabel false)")
    left_out = leave_out(
        f"{config.path}: these sequences",
        bad,
        [_group(label, name) for part in both for label, name in zip(part.labels, part.names)],
        skip=config.skip_bad,
        fatal=problems,
    )
    # Both files are padded together, so that training and test have the same L.
    x, lengths = pad([row for part in both for row in part.rows])
    if lengths is not None:
        notes.append(text("data.note.padded", least=int(lengths.min()), most=int(lengths.max())))
    place = {label: i for i, label in enumerate(train.classes)}
    y = np.array([place[label] for part in both for label in part.labels], np.int64)
    whole = Split(x, y, lengths, tuple(name for part in both for name in part.names))
    if test is None:
        first, second = stratified(y, 0.2, config.split_seed)
        notes.append(text("data.note.drawn.file", count=len(second), total=len(y)))
    else:
        first, second = np.split(np.arange(len(y)), [len(train.rows)])
    return Raw(
        name=train_path.stem.removesuffix("_TRAIN"),
        kind="sequence",
        target="class",
        train=whole.take(first),
        test=whole.take(second),
        classes=train.classes,
        notes=tuple(notes),
        left_out=left_out,
    )


def _pair(path: Path) -> tuple[Path, Path | None, list[Text]]:
    """(training file, test file if there is one, notes) for a path. Raises DataError."""
    notes = []
    if path.is_dir():
        # Shortest name first: NAME_TRAIN.ts comes before variants such as NAME_eq_TRAIN.ts.
        files = sorted(path.glob("*_TRAIN.ts"), key=lambda p: (len(p.name), p.name))
        if not files:
            raise DataError(f"{path}: has no file NAME_TRAIN.ts.", do="Name the .ts file itself.")
        others = [p.name for p in files[1:]]
        if any(not p.startswith(files[0].name.removesuffix("TRAIN.ts")) for p in others):
            raise DataError(
                f"{path}: holds several data sets: {', '.join(p.name for p in files)}.",
                do="Name one of these files.",
            )
        if others:
            notes.append(text("data.note.variants", file=files[0].name, others=tuple(others)))
        path = files[0]
    if not path.is_file():
        raise DataError(f"{path}: {'is not a file' if path.exists() else 'there is no such file'}.")
    stem = path.stem
    if stem.endswith("_TEST"):
        train = path.with_name(f"{stem.removesuffix('_TEST')}_TRAIN.ts")
        if not train.is_file():
            raise DataError(f"{path}: there is no {train.name} beside it to train on.")
        return train, path, notes
    test = path.with_name(f"{stem.removesuffix('_TRAIN')}_TEST.ts")
    return path, test if stem.endswith("_TRAIN") and test.is_file() else None, notes


def parse(path: Path) -> tuple[Sequences, list[str]]:
    """(content of a .ts file with its bad lines, problems of the file as a whole)."""
    header, content, problems = _Header(), Sequences(), []
    data, number = False, 0
    if not os.path.isfile(path):  # opening a pipe would block
        there = os.path.exists(path)
        return content, [f"{path}: {'is not a file' if there else 'there is no such file'}"]
    try:
        with path.open("rb") as file:
            # One byte more than the limit: a longer line is noticed without reading all of it.
            while raw := file.readline(LINE + 1):
                number += 1
                where = f"{path.name} line {number}"
                if len(raw) > LINE:
                    problems.append(f"{where}: is longer than {LINE:,} bytes")
                    break
                # Only the first line can begin with a byte order mark. A byte that is not UTF-8
                # makes its own line bad and not the whole file.
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8", "replace").strip()
                if not line or line.startswith(("#", "%")):
                    continue
                try:
                    if data:
                        _sample(line, header, content, where)
                    elif line.lower() == "@data":
                        data = True
                    else:
                        _tag(line, header)
                except ValueError as error:
                    if not data:
                        problems.append(f"{where}: {error}")
                        break  # without a header no sample can be checked
                    last = line.rpartition(":")[2].strip()
                    group = _group(last if last in header.allowed else "", where)
                    content.bad.append(Bad(group, where, str(error)))
    except OSError as error:
        return content, [f"{path}: cannot be read ({error.strerror or error})"]
    content.classes = header.classes or ()
    _check_shapes(content, header)
    if not problems and not data:
        problems.append(f"{path.name}: has no line @data; is it a .ts file?")
    if not problems and not (content.rows or content.bad):
        problems.append(f"{path.name}: has no samples")
    return content, problems


def _group(label: str, where: str) -> str:
    """The class of a sample in words, with its file; `where` is "FILE line NUMBER"."""
    return f"{where.rpartition(' line ')[0]} class {label}" if label else ""


def _check_shapes(content: Sequences, header: _Header) -> None:
    """Move sequences of the wrong shape to `content.bad`: those with other dimensions than the
    header says, and with @equalLength other steps. If the header says nothing, the most frequent
    value counts."""
    for axis, declared, what, why in (
        (1, header.dimensions, "dimensions", ""),
        (0, header.length, "steps", " (@equalLength true)"),
    ):
        sides = [row.shape[axis] for row in content.rows]
        if not sides or (axis == 0 and not header.equal):
            continue
        expected = declared or Counter(sides).most_common(1)[0][0]
        for i, (side, where) in enumerate(zip(sides, content.names)):
            if side != expected:
                reason = f"has {side} {what}, {expected} expected{why}"
                label = content.labels[i] if content.labels else ""
                content.bad.append(Bad(_group(label, where), where, reason))
        good = [i for i, side in enumerate(sides) if side == expected]
        content.rows = [content.rows[i] for i in good]
        content.names = [content.names[i] for i in good]
        content.labels = [content.labels[i] for i in good] if content.labels else []
    # Wrong shapes are known only after the last line; sorting puts them among the other bad lines.
    content.bad.sort(key=lambda one: int(one.name.rpartition(" ")[2]))


def _tag(line: str, header: _Header) -> None:
    """Read one line of the header into `header`. Raises ValueError."""
    words = line.split()
    tag, values = words[0].lower(), words[1:]
    if not tag.startswith("@"):
        raise ValueError(f"expected an @tag or @data, found {line[:40]!r}")
    first = values[0].lower() if values else ""
    if tag == "@timestamps" and first == "true":
        raise ValueError("time stamps are not supported; use sequences of equal steps")
    if tag == "@targetlabel" and first == "true":
        raise ValueError(
            "values to predict (@targetLabel) are not supported; use .npz for regression"
        )
    if tag == "@classlabel":
        if first not in FLAGS or (FLAGS[first] and len(values) < 2):
            raise ValueError("expected '@classLabel true' and the class names, or false")
        header.classes = tuple(values[1:]) if FLAGS[first] else None
        header.allowed = frozenset(header.classes or ())
        if header.classes and len(header.allowed) < len(header.classes):
            raise ValueError("@classLabel names a class twice")
    elif tag in ("@dimensions", "@dimension", "@serieslength"):
        if not first.isdecimal() or not 0 < int(first) < 10**9:
            raise ValueError(f"{words[0]} {' '.join(values)}: expected a whole number above 0")
        if tag == "@serieslength":
            header.length = int(first)
        else:
            header.dimensions = int(first)
    elif tag == "@equallength":
        header.equal = FLAGS.get(first, False)


def _sample(line: str, header: _Header, content: Sequences, where: str) -> None:
    """Read one sample's line into `content`. Raises ValueError."""
    *parts, label = line.split(":") if header.classes else [*line.split(":"), ""]
    label = label.strip()
    if header.classes and label not in header.allowed:
        some = ", ".join(header.classes[:SHOWN]) + (", ..." if len(header.classes) > SHOWN else "")
        raise ValueError(f"class {label[:40]!r} is not in the header: {some[:300]}")
    if not parts:
        raise ValueError("has a class but no values")
    columns = [_values(part, i) for i, part in enumerate(parts, 1)]
    lengths = sorted({len(column) for column in columns})
    if len(lengths) > 1:
        raise ValueError(f"its dimensions have different lengths, {lengths[0]} to {lengths[-1]}")
    content.rows.append(np.stack(columns, 1))
    content.names.append(where)
    if header.classes:
        content.labels.append(label)


def _values(text: str, dimension: int) -> np.ndarray:
    """'1,2,3' -> [L] float64. Raises ValueError with the first step that is not a number."""
    words = text.split(",")
    # All words at once; one by one only if that fails, to find the bad ones.
    try:
        values = np.array(words, np.float64)
    except ValueError:
        values = np.array([_number(word) for word in words])
    # `not <=` instead of `>`: a comparison with NaN is false, and NaN must count as bad.
    bad = np.flatnonzero(~(np.abs(values) <= np.finfo(np.float32).max))
    if len(bad):
        word = words[bad[0]].strip()[:20]
        what = "is missing" if word in ("?", "") or word.lower() == "nan" else f"{word!r} is bad"
        many = f" ({len(bad)} such values)" if len(bad) > 1 else ""
        raise ValueError(f"dimension {dimension}, step {bad[0] + 1}: the value {what}{many}")
    return values


def _number(word: str) -> float:
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
            f"{len(rows):,} sequences, padded to the longest of {longest:,} steps, take "
            f"{size:,} bytes; the limit is {PADDED:,}.",
            do="Remove the longest sequence, or shorten it.",
        )
    x = np.zeros(
        (len(rows), longest, rows[0].shape[1]), np.result_type(*{row.dtype for row in rows})
    )
    for place, row in zip(x, rows, strict=True):
        place[: len(row)] = row
    return x, None if (lengths == longest).all() else lengths


SOURCE = Source(Config, load, "labelled sequences from .ts files (UCR/UEA)", data_in=(".ts",))
