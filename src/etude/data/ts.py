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
from etude.data.reasons import missing, unreadable
from etude.data.splits import stratified
from etude.data.tree import suffixes_in
from etude.errors import DataError, InvalidValue, cause
from etude.locale.texts import Sentence, Text, listed, text

LINE = 16 << 20
PADDED = 8 << 30
SHOWN = 20
LONGEST = 40
"""Characters of a class name, or a line, that a message shows."""
FLAGS = {"true": True, "false": False}


class Config(DataConfig):
    """The path of the file, and the seed that splits a single file."""

    path: str = Field(description="config.ts.path")
    split_seed: int = Field(default=0, ge=0, description="config.ts.split_seed")


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
            problems.append(text("data.ts.classes", path=test_path, train=train_path.name))
        if train.rows and test.rows and train.rows[0].shape[1] != test.rows[0].shape[1]:
            problems.append(
                text(
                    "data.ts.dimensions",
                    path=test_path,
                    have=test.rows[0].shape[1],
                    train=train_path.name,
                    want=train.rows[0].shape[1],
                )
            )
    if not train.classes and not problems:
        problems.append(text("data.ts.unlabelled", path=train_path))
    left_out = leave_out(
        text("data.ts.sequences", path=config.path),
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
            raise DataError(text("data.ts.no_train", path=path), do=text("data.ts.no_train.do"))
        others = [p.name for p in files[1:]]
        if any(not p.startswith(files[0].name.removesuffix("TRAIN.ts")) for p in others):
            raise DataError(
                text("data.ts.several", path=path, names=[p.name for p in files]),
                do=text("data.ts.several.do"),
            )
        if others:
            notes.append(text("data.note.variants", file=files[0].name, others=tuple(others)))
        path = files[0]
    if not path.is_file():
        raise DataError(text("data.fault", where=path, what=missing(path)))
    stem = path.stem
    if stem.endswith("_TEST"):
        train = path.with_name(f"{stem.removesuffix('_TEST')}_TRAIN.ts")
        if not train.is_file():
            raise DataError(text("data.ts.alone", path=path, train=train.name))
        return train, path, notes
    test = path.with_name(f"{stem.removesuffix('_TRAIN')}_TEST.ts")
    return path, test if stem.endswith("_TRAIN") and test.is_file() else None, notes


def parse(path: Path) -> tuple[Sequences, list[Sentence]]:
    """(content of a .ts file with its bad lines, problems of the file as a whole)."""
    header, content = _Header(), Sequences()
    problems: list[Sentence] = []
    data, number = False, 0
    if not os.path.isfile(path):  # opening a pipe would block
        return content, [text("data.at", where=path, what=missing(path))]
    try:
        with path.open("rb") as file:
            # One byte more than the limit: a longer line is noticed without reading all of it.
            while raw := file.readline(LINE + 1):
                number += 1
                where = f"{path.name} line {number}"
                if len(raw) > LINE:
                    problems.append(_at(path, number, text("data.ts.long", most=LINE)))
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
                        problems.append(_at(path, number, cause(error)))
                        break  # without a header no sample can be checked
                    last = line.rpartition(":")[2].strip()
                    group = _group(last if last in header.allowed else "", where)
                    content.bad.append(Bad(group, where, cause(error)))
    except OSError as error:
        return content, [text("data.at", where=path, what=unreadable(error))]
    content.classes = header.classes or ()
    _check_shapes(content, header)
    if not problems and not data:
        problems.append(text("data.ts.no_data", file=path.name))
    if not problems and not (content.rows or content.bad):
        problems.append(text("data.ts.empty", file=path.name))
    return content, problems


def _at(path: Path, number: int, what: Sentence) -> Text:
    """A problem of one line."""
    return text("data.ts.at", file=path.name, line=number, what=what)


def _group(label: str, where: str) -> str:
    """The file and class of a sample, "FILE @classLabel NAME"; `where` is "FILE line NUMBER"."""
    return f"{where.rpartition(' line ')[0]} @classLabel {label}" if label else ""


def _check_shapes(content: Sequences, header: _Header) -> None:
    """Move sequences of the wrong shape to `content.bad`: those with other dimensions than the
    header says, and with @equalLength other steps. If the header says nothing, the most frequent
    value counts."""
    for axis, declared, key in (
        (1, header.dimensions, "data.ts.dimension"),
        (0, header.length, "data.ts.length"),
    ):
        sides = [row.shape[axis] for row in content.rows]
        if not sides or (axis == 0 and not header.equal):
            continue
        expected = declared or Counter(sides).most_common(1)[0][0]
        for i, (side, where) in enumerate(zip(sides, content.names)):
            if side != expected:
                reason = text(key, have=side, want=expected)
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
        raise InvalidValue(text("data.ts.tag", line=line[:LONGEST]))
    first = values[0].lower() if values else ""
    if tag == "@timestamps" and first == "true":
        raise InvalidValue(text("data.ts.stamps"))
    if tag == "@targetlabel" and first == "true":
        raise InvalidValue(text("data.ts.targets"))
    if tag == "@classlabel":
        if first not in FLAGS or (FLAGS[first] and len(values) < 2):
            raise InvalidValue(text("data.ts.labels"))
        header.classes = tuple(values[1:]) if FLAGS[first] else None
        header.allowed = frozenset(header.classes or ())
        if header.classes and len(header.allowed) < len(header.classes):
            raise InvalidValue(text("data.ts.labels.twice"))
    elif tag in ("@dimensions", "@dimension", "@serieslength"):
        if not first.isdecimal() or not 0 < int(first) < 10**9:
            raise InvalidValue(text("data.ts.whole", tag=" ".join(words)[:LONGEST]))
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
        some = listed([name[:LONGEST] for name in header.classes[:SHOWN]], len(header.classes))
        raise InvalidValue(text("data.ts.class", label=label[:LONGEST], classes=some))
    if not parts:
        raise InvalidValue(text("data.ts.valueless"))
    columns = [_values(part, i) for i, part in enumerate(parts, 1)]
    lengths = sorted({len(column) for column in columns})
    if len(lengths) > 1:
        raise InvalidValue(text("data.ts.lengths", least=lengths[0], most=lengths[-1]))
    content.rows.append(np.stack(columns, 1))
    content.names.append(where)
    if header.classes:
        content.labels.append(label)


def _values(part: str, dimension: int) -> np.ndarray:
    """'1,2,3' -> [L] float64. Raises ValueError with the first step that is not a number."""
    words = part.split(",")
    # All words at once; one by one only if that fails, to find the bad ones.
    try:
        values = np.array(words, np.float64)
    except ValueError:
        values = np.array([_number(word) for word in words])
    # `not <=` instead of `>`: a comparison with NaN is false, and NaN must count as bad.
    bad = np.flatnonzero(~(np.abs(values) <= np.finfo(np.float32).max))
    if len(bad):
        word = words[bad[0]].strip()[:20]
        what = (
            text("data.ts.value.missing")
            if word in ("?", "") or word.lower() == "nan"
            else text("data.ts.value.bad", value=word)
        )
        where = {"dimension": dimension, "step": bad[0] + 1, "what": what}
        raise InvalidValue(
            text("data.ts.values", **where, count=len(bad))
            if len(bad) > 1
            else text("data.ts.value", **where)
        )
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
            text("data.ts.padded", count=len(rows), steps=longest, size=size, most=PADDED),
            do=text("data.ts.padded.do"),
        )
    x = np.zeros(
        (len(rows), longest, rows[0].shape[1]), np.result_type(*{row.dtype for row in rows})
    )
    for place, row in zip(x, rows, strict=True):
        place[: len(row)] = row
    return x, None if (lengths == longest).all() else lengths


def _recognised(path: Path) -> bool:
    """Whether a path is a file, or a folder with files of this format."""
    return path.is_file() or ".ts" in suffixes_in(path)


SOURCE = Source(
    Config,
    load,
    text("source.ts.summary"),
    data_in=(".ts", "folder"),
    recognises=_recognised,
)
