"""ts: labelled sequences in the formats of the UCR and UEA archives.

    NAME_TRAIN.ts      a header, then one sequence per line, its class last (sequences/ts_format.py)
    NAME_TRAIN.tsv     one sequence per line, its class first, no header (sequences/ucr.py)
    NAME_TRAIN.arff    a header of attributes, then one sequence per line (sequences/arff.py)

The path is NAME_TRAIN.ts or NAME_TEST.ts (the other is read from the same folder), a single file
with another name (a fifth becomes the test split, drawn once by data.split_seed), or a folder with
one such pair. All files may be packed by gzip.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from pydantic import Field

from etude.data.bad import leave_out
from etude.data.dataset import DataConfig, Raw, Source, Split
from etude.data.reasons import missing
from etude.data.sequences import arff, ts_format, ucr
from etude.data.sequences.content import Sequences, group, pad, unlabelled
from etude.data.splits import stratified
from etude.errors import DataError
from etude.locale.texts import Sentence, Text, text

SUFFIXES = (".ts", *ucr.SUFFIXES, ".arff")
"""Of files; in a folder the first of them of which there is a pair is read."""
ROLE = re.compile(r"(.*_)(TRAIN|TEST)")


class Config(DataConfig):
    """The path of the file, and the seed that splits a single file."""

    path: str = Field(description="config.ts.path")
    split_seed: int = Field(default=0, ge=0, description="config.ts.split_seed")


def load(config: Config) -> Raw:
    """Sequences [n L Q] float64, with lengths if these differ. Raises DataError with all bad
    lines."""
    train_path, test_path, notes = _pair(Path(config.path))
    train, problems = parse(train_path)
    test, more = parse(test_path) if test_path else (None, [])
    problems += more
    both = [train] if test is None else [train, test]
    for part in both:
        unlabelled(part)
    bad = [one for part in both for one in part.bad]
    classes = train.classes
    if not train.declared:  # a class may be in one file alone
        classes = ucr.ordered(label for part in both for label in part.labels)
    if test and not problems:
        if train.declared and test.classes != train.classes:
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
    if train.declared and not train.classes and not problems:
        problems.append(text("data.ts.unlabelled", path=train_path))
    left_out = leave_out(
        text("data.ts.sequences", path=config.path),
        bad,
        [group(label, name) for part in both for label, name in zip(part.labels, part.names)],
        skip=config.skip_bad,
        fatal=problems,
    )
    # Both files are padded together, so that training and test have the same L.
    x, lengths = pad([row for part in both for row in part.rows])
    if lengths is not None:
        notes.append(text("data.note.padded", least=int(lengths.min()), most=int(lengths.max())))
    place = {label: i for i, label in enumerate(classes)}
    y = np.array([place[label] for part in both for label in part.labels], np.int64)
    whole = Split(x, y, lengths, tuple(name for part in both for name in part.names))
    if test is None:
        first, second = stratified(y, 0.2, config.split_seed)
        notes.append(text("data.note.drawn.file", count=len(second), total=len(y)))
    else:
        first, second = np.split(np.arange(len(y)), [len(train.rows)])
    return Raw(
        name=_title(train_path),
        kind="sequence",
        target="class",
        train=whole.take(first),
        test=whole.take(second),
        classes=classes,
        notes=tuple(notes),
        left_out=left_out,
    )


def _pair(path: Path) -> tuple[Path, Path | None, list[Text]]:
    """(training file, test file if there is one, notes) for a path. Raises DataError."""
    notes = []
    if path.is_dir():
        files = _training(path)
        if not files:
            raise DataError(text("data.ts.no_train", path=path), do=text("data.ts.no_train.do"))
        others = [p.name for p in files[1:]]
        title = _title(files[0])
        if any(not p.startswith(f"{title}_") for p in others):
            raise DataError(
                text("data.ts.several", path=path, names=[p.name for p in files]),
                do=text("data.ts.several.do"),
            )
        if others:
            notes.append(text("data.note.variants", file=files[0].name, others=tuple(others)))
        path = files[0]
    if not path.is_file():
        raise DataError(text("data.fault", where=path, what=missing(path)))
    stem, suffix = _parts(path)
    match = ROLE.fullmatch(stem)
    if not match:
        if suffix == ".arff":
            notes.append(text("data.note.arff.series", path=path))
        return path, None, notes
    train, test = (_beside(path, f"{match[1]}{role}{suffix}") for role in ("TRAIN", "TEST"))
    if match[2] == "TEST" and not train:
        name = f"{match[1]}TRAIN{suffix}"
        raise DataError(text("data.ts.alone", path=path, train=name))
    return train or path, test, notes


def _training(folder: Path) -> list[Path]:
    """The training files in a folder, of the first format of which there are any. The shortest
    name comes first: NAME_TRAIN.ts before variants such as NAME_eq_TRAIN.ts."""
    found = [p for p in folder.iterdir() if p.is_file() and _parts(p)[0].endswith("_TRAIN")]
    for suffix in SUFFIXES:
        if files := [path for path in found if _parts(path)[1] == suffix]:
            return sorted(files, key=lambda p: (len(p.name), p.name))
    return []


def _beside(path: Path, name: str) -> Path | None:
    """The file of that name in the same folder, packed or not."""
    places = (path.with_name(name), path.with_name(f"{name}.gz"))
    return next((place for place in places if place.is_file()), None)


def _parts(path: Path) -> tuple[str, str]:
    """(name without suffix, suffix): gestures_TRAIN, .ts. Packed files count as unpacked."""
    plain = Path(path.name[:-3] if path.suffix.lower() == ".gz" else path.name)
    return plain.stem, plain.suffix


def _title(path: Path) -> str:
    return _parts(path)[0].removesuffix("_TRAIN")


def parse(path: Path) -> tuple[Sequences, list[Sentence]]:
    """(content of a file with its bad lines, problems of the file as a whole)."""
    suffix = _parts(path)[1].lower()
    if suffix in ucr.SUFFIXES:
        return ucr.parse(path)
    return arff.parse(path) if suffix == ".arff" else ts_format.parse(path)


def _recognised(path: Path) -> bool:
    """Whether a path is surely one of these: a table may have the suffixes .tsv, .txt and .arff
    too."""
    if path.is_dir():
        return bool(_training(path)) or any(_parts(p)[1].lower() == ".ts" for p in _files(path))
    stem, suffix = _parts(path)
    if suffix.lower() in ucr.SUFFIXES:
        return ROLE.fullmatch(stem) is not None and ucr.recognised(path)
    return suffix.lower() != ".arff" or arff.is_series(path)


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in folder.iterdir() if path.is_file())


SOURCE = Source(
    Config,
    load,
    text("source.ts.summary"),
    data_in=(*SUFFIXES, "folder"),
    recognises=_recognised,
)
