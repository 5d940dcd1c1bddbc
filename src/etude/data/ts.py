"""ts: labelled sequences in the .ts form of the UCR and UEA archives.

    @classLabel true A B      the header: one @tag a line
    @data
    1,2,3:4,5,6:A             one sample a line: its dimensions, then its class

The path is NAME_TRAIN.ts or NAME_TEST.ts (the other is found beside it), one file of another name
(a fifth becomes the test split, drawn once by data.split_seed), or a folder that holds one pair.
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import Field

from etude.data.bad import Bad, settle
from etude.data.dataset import DataConfig, Raw, Source, Split
from etude.data.splits import stratified
from etude.errors import DataError

LINE = 16 << 20
PADDED = 8 << 30
SHOWN = 20
FLAGS = {"true": True, "false": False}


class Config(DataConfig):
    """Where the file is, and how one file is split."""

    path: str = Field(description="NAME_TRAIN.ts, or the folder that holds it")
    split_seed: int = Field(default=0, ge=0, description="draws the test split of a single file")


@dataclass
class Sequences:
    """What one file holds. rows: [L Q] float64 each; labels: their classes, empty if it has none;
    classes: as the header orders them; names: file and line of each; bad: lines that are no
    sequence, or none like the others."""

    rows: list[np.ndarray] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    classes: tuple[str, ...] = ()
    names: list[str] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)


@dataclass
class _Header:
    classes: tuple[str, ...] | None = None
    known: frozenset[str] = frozenset()
    dimensions: int = 0
    length: int = 0
    equal: bool = False


def load(config: Config) -> Raw:
    """Sequences [n L Q] float64 with lengths if these differ. Raises DataError naming bad lines."""
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
    left_out = settle(
        f"{config.path}: these sequences",
        bad,
        [_group(label, name) for part in both for label, name in zip(part.labels, part.names)],
        skip=config.skip_bad,
        fatal=problems,
    )
    x, lengths = pad([row for part in both for row in part.rows])
    if lengths is not None:
        notes.append(f"lengths {lengths.min()} to {lengths.max()}, padded")
    place = {label: i for i, label in enumerate(train.classes)}
    y = np.array([place[label] for part in both for label in part.labels], np.int64)
    whole = Split(x, y, lengths, tuple(name for part in both for name in part.names))
    if test is None:
        first, second = stratified(y, 0.2, config.split_seed)
        notes.append(f"one file: {len(second)} of {len(y)} samples drawn for test")
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


def _pair(path: Path) -> tuple[Path, Path | None, list[str]]:
    """(training file, test file if there is one, notes) for a path. Raises DataError."""
    notes = []
    if path.is_dir():
        found = sorted(path.glob("*_TRAIN.ts"), key=lambda p: (len(p.name), p.name))
        if not found:
            raise DataError(f"{path}: has no file NAME_TRAIN.ts.", do="Name the .ts file itself.")
        others = [p.name for p in found[1:]]
        if any(not p.startswith(found[0].name.removesuffix("TRAIN.ts")) for p in others):
            raise DataError(
                f"{path}: holds several data sets: {', '.join(p.name for p in found)}.",
                do="Name one of these files.",
            )
        if others:
            notes.append(f"read {found[0].name}, not {', '.join(others)}")
        path = found[0]
    if not path.is_file():
        raise DataError(f"{path}: {'is no file' if path.exists() else 'there is no such file'}.")
    stem = path.stem
    if stem.endswith("_TEST"):
        train = path.with_name(f"{stem.removesuffix('_TEST')}_TRAIN.ts")
        if not train.is_file():
            raise DataError(f"{path}: there is no {train.name} beside it to train on.")
        return train, path, notes
    test = path.with_name(f"{stem.removesuffix('_TRAIN')}_TEST.ts")
    return path, test if stem.endswith("_TRAIN") and test.is_file() else None, notes


def parse(path: Path) -> tuple[Sequences, list[str]]:
    """What a .ts file holds, its bad lines among it; and what is wrong with the file as a whole."""
    header, found, problems = _Header(), Sequences(), []
    data, number = False, 0
    if not os.path.isfile(path):  # opening a pipe would wait
        there = os.path.exists(path)
        return found, [f"{path}: {'is not a file' if there else 'there is no such file'}"]
    try:
        with path.open("rb") as file:
            while raw := file.readline(LINE + 1):
                number += 1
                where = f"{path.name} line {number}"
                if len(raw) > LINE:
                    problems.append(f"{where}: is longer than {LINE:,} bytes")
                    break
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8", "replace").strip()
                if not line or line.startswith(("#", "%")):
                    continue
                try:
                    if data:
                        _sample(line, header, found, where)
                    elif line.lower() == "@data":
                        data = True
                    else:
                        _tag(line, header)
                except ValueError as error:
                    if not data:
                        problems.append(f"{where}: {error}")
                        break  # what follows a bad header cannot be judged
                    last = line.rpartition(":")[2].strip()
                    group = _group(last if last in header.known else "", where)
                    found.bad.append(Bad(group, where, str(error)))
    except OSError as error:
        return found, [f"{path}: cannot be read ({error.strerror or error})"]
    found.classes = header.classes or ()
    _agree(found, header)
    if not problems and not data:
        problems.append(f"{path.name}: has no line @data; is it a .ts file?")
    if not problems and not (found.rows or found.bad):
        problems.append(f"{path.name}: has no samples")
    return found, problems


def _group(label: str, where: str) -> str:
    """A class in a file, for a sample of it that stands at `where`."""
    return f"{where.rpartition(' line ')[0]} class {label}" if label else ""


def _agree(found: Sequences, header: _Header) -> None:
    """Move to the bad what has other dimensions (or steps, if all should be equal) than the header
    says; where it says nothing, than most have."""
    for axis, said, what, why in (
        (1, header.dimensions, "dimensions", ""),
        (0, header.length, "steps", " (@equalLength true)"),
    ):
        sides = [row.shape[axis] for row in found.rows]
        if not sides or (axis == 0 and not header.equal):
            continue
        expected = said or Counter(sides).most_common(1)[0][0]
        for i, (side, where) in enumerate(zip(sides, found.names)):
            if side != expected:
                reason = f"has {side} {what}, {expected} expected{why}"
                label = found.labels[i] if found.labels else ""
                found.bad.append(Bad(_group(label, where), where, reason))
        good = [i for i, side in enumerate(sides) if side == expected]
        found.rows = [found.rows[i] for i in good]
        found.names = [found.names[i] for i in good]
        found.labels = [found.labels[i] for i in good] if found.labels else []
    found.bad.sort(key=lambda one: int(one.name.rpartition(" ")[2]))


def _tag(line: str, header: _Header) -> None:
    """One line of the header. Raises ValueError."""
    words = line.split()
    tag, values = words[0].lower(), words[1:]
    if not tag.startswith("@"):
        raise ValueError(f"expected an @tag or @data, found {line[:40]!r}")
    first = values[0].lower() if values else ""
    if tag == "@timestamps" and first == "true":
        raise ValueError("time stamps are not read; give sequences of equal steps")
    if tag == "@targetlabel" and first == "true":
        raise ValueError("values to predict (@targetLabel) are not read; use .npz for regression")
    if tag == "@classlabel":
        if first not in FLAGS or (FLAGS[first] and len(values) < 2):
            raise ValueError("expected '@classLabel true' and the class names, or false")
        header.classes = tuple(values[1:]) if FLAGS[first] else None
        header.known = frozenset(header.classes or ())
        if header.classes and len(header.known) < len(header.classes):
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


def _sample(line: str, header: _Header, found: Sequences, where: str) -> None:
    """One sample's line into `found`. Raises ValueError."""
    *parts, label = line.split(":") if header.classes else [*line.split(":"), ""]
    label = label.strip()
    if header.classes and label not in header.known:
        some = ", ".join(header.classes[:SHOWN]) + (", ..." if len(header.classes) > SHOWN else "")
        raise ValueError(f"class {label[:40]!r} is not in the header: {some[:300]}")
    if not parts:
        raise ValueError("has a class but no values")
    columns = [_values(part, i) for i, part in enumerate(parts, 1)]
    lengths = sorted({len(column) for column in columns})
    if len(lengths) > 1:
        raise ValueError(f"its dimensions have different lengths, {lengths[0]} to {lengths[-1]}")
    found.rows.append(np.stack(columns, 1))
    found.names.append(where)
    if header.classes:
        found.labels.append(label)


def _values(text: str, dimension: int) -> np.ndarray:
    """'1,2,3' -> [L] float64. Raises ValueError naming the first step that is no number."""
    words = text.split(",")
    try:
        values = np.array(words, np.float64)
    except ValueError:
        values = np.array([_number(word) for word in words])
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
    """[L Q] each -> [n L Q] filled with zeros, and lengths [n], None if all are whole.

    Raises DataError where one long sequence among many would make too much of a small file.
    """
    lengths = np.array([len(row) for row in rows], np.int64)
    longest = max(longest, int(lengths.max()))
    kept = np.result_type(*{row.dtype for row in rows})
    size = kept.itemsize * len(rows) * longest * rows[0].shape[1]
    if size > PADDED:
        raise DataError(
            f"{len(rows):,} sequences, filled up to the longest of {longest:,} steps, take "
            f"{size:,} bytes; {PADDED:,} is the most.",
            do="Leave the longest out, or cut it.",
        )
    x = np.zeros(
        (len(rows), longest, rows[0].shape[1]), np.result_type(*{row.dtype for row in rows})
    )
    for place, row in zip(x, rows, strict=True):
        place[: len(row)] = row
    return x, None if (lengths == longest).all() else lengths


SOURCE = Source(Config, load, "labelled sequences from .ts files (UCR/UEA)", data_in=(".ts",))
