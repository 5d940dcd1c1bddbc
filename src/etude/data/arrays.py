"""arrays: the user's own arrays, from one .npz file or from .npy files in one folder.

    x, y                                   a fifth, drawn once by split_seed, is the test split
    x_train, y_train, x_test, y_test       and optionally x_val, y_val
    lengths (lengths_train ...), classes   valid steps of padded sequences; names of the classes
    weights (weights_train ...)            how much each sample counts in the loss and the metrics

x: [n D] vectors, [n L Q] sequences, [n H W] uint8 images of one channel, [n C H W] or [n H W C]
images. y: integers or text are classes, floats are values to predict. With data.forecast=true, x
are windows of a series and y [n H] the steps that follow them (see `windows`). If axes or types
allow two readings, a note says which one was chosen and which key selects the other. X and Y are
read as x and y; train_x, x_training and similar names as x_train. The path is the .npz file, the
folder of the .npy files, or x.npy itself (or NAME.npy, with NAME_y.npy in the same folder). Large
.npy files stay on disk and are read one batch at a time.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import Field

from etude.data import windows
from etude.data.axes import AnyKind, Axes, read_axes
from etude.data.bad import Bad, leave_out
from etude.data.dataset import DataConfig, Raw, Source, Split
from etude.data.images import SUFFIXES
from etude.data.labels import Labels, targets
from etude.data.names import split_called
from etude.data.numpy_files import number_type, open_npy, read_npz, unusable
from etude.data.rows import Rows, without_padding
from etude.data.splits import stratified
from etude.data.tree import shown, suffixes_in
from etude.data.weights import bad_weights, with_weights, wrong_form
from etude.errors import DataError, cause
from etude.locale.texts import Text, text
from etude.shapes import Kind

MAPPED = 256 << 20  # a .npy of more bytes than this stays on disk
NAMED = 100_000  # with more rows, a name for each would take too much memory for its use


class ArrayConfig(DataConfig):
    """How arrays are read."""

    split_seed: int = Field(default=0, ge=0, description="config.arrays.split_seed")
    classes: tuple[str, ...] = Field(default=(), description="config.arrays.classes")
    kind: AnyKind = Field(default="auto", description="config.arrays.kind")
    axes: Axes = Field(default="auto", description="config.arrays.axes")
    labels: Labels = Field(
        default="auto",
        description="config.arrays.labels",
    )
    white: float | None = Field(
        default=None,
        description="config.arrays.white",
    )
    forecast: bool = Field(default=False, description="config.arrays.forecast")
    season: int = Field(default=0, ge=0, description="config.arrays.season")
    unit: str = Field(default="", max_length=100, description="config.arrays.unit")


class Config(ArrayConfig):
    """The path of the arrays and how to read them."""

    path: str = Field(description="config.arrays.path")


@dataclass(frozen=True)
class Part:
    """The stored arrays of one split."""

    x: np.ndarray
    y: np.ndarray
    lengths: np.ndarray | None
    weights: np.ndarray | None


def load(config: Config) -> Raw:
    """Samples of any kind. Raises DataError with every array and row that cannot be used."""
    path = Path(config.path)
    arrays, notes = _read(path)
    return raw_of(arrays, notes, config, str(path), path.stem or "arrays")


def raw_of(
    arrays: dict[str, np.ndarray], notes: list[Text], config: ArrayConfig, where: str, title: str
) -> Raw:
    """The data of arrays by their standard names.

    notes: what the caller did to them. where: what messages call them. title: the name of the data
    in reports. Raises DataError with every array and row that cannot be used.
    """
    parts = _parts(where, arrays)
    names = config.classes
    if not names and "classes" in arrays:
        names = tuple(str(name) for name in arrays["classes"].reshape(-1))
    any_part = next(iter(parts.values()))
    wanted = "sequence" if config.forecast else config.kind
    reading = read_axes(where, any_part.x, any_part.lengths is not None, wanted, config.axes)
    kind = reading.kind
    # Types and shapes before values: the checks of values index the arrays by these shapes.
    problems = _problems(parts, kind)
    if problems:
        raise DataError(text("data.arrays.unusable", where=where), items=problems)
    if config.forecast:
        parts = {part: replace(p, y=windows.as_values(p.y, where)) for part, p in parts.items()}
    good, left_out = _good(where, parts, config.skip_bad)
    answers, target, classes, more = targets(
        {name: part.y[good[name]] for name, part in parts.items()}, names, where, config.labels
    )
    splits, on_disk = {}, False
    for name, part in parts.items():
        x = _good_rows(reading.arrange(part.x), part.lengths, good[name])
        on_disk |= isinstance(x, Rows)
        rows = np.arange(len(part.x))[good[name]].tolist()
        row_names = tuple(_row(name, i) for i in rows) if len(rows) <= NAMED else ()
        lengths = None if part.lengths is None else part.lengths[good[name]]
        splits[name] = Split(x, answers[name], _lengths(lengths, x.shape), row_names)
    splits, weighed = _weighted(splits, parts, good, where)
    notes = [*notes, *reading.notes, *([text("data.note.on-disk")] if on_disk else ()), *more]
    notes += weighed
    if config.forecast:
        splits, order = windows.split_by_time(splits, 0.2, config.val_fraction, where)
        notes += order
    elif "" in splits:
        splits, drawn = _with_test(splits[""], config.split_seed, where)
        notes.append(drawn)
    # All splits or none have lengths: the Card's `padded` comes from the training split alone.
    if any(split.lengths is not None for split in splits.values()):
        splits = {name: _with_lengths(split) for name, split in splits.items()}
    raw = Raw(
        name=title,
        kind=kind,
        target=target,
        train=splits["train"],
        test=splits["test"],
        val=splits.get("val"),
        classes=classes,
        notes=tuple(notes),
        left_out=left_out,
        white=None if config.white is None else (0.0, config.white),
        otherwise=reading.otherwise,
    )
    return windows.as_forecast(raw, config.season, config.unit, where) if config.forecast else raw


def _weighted(
    splits: dict[str, Split], parts: dict[str, Part], good: "Good", where: str
) -> tuple[dict[str, Split], list[Text]]:
    """The splits with the weights of their samples, if there are any, and a note on them."""
    given = {name: part.weights for name, part in parts.items() if part.weights is not None}
    if not given:
        return splits, []
    weights = {name: np.asarray(w[good[name]], np.float64) for name, w in given.items()}
    return with_weights(splits, weights, text("data.weights.array", where=where))


def _with_test(whole: Split, seed: int, where: str) -> tuple[dict[str, Split], Text]:
    """A fifth of the samples as the test split, the rest as the training split, and a note on it.
    Raises DataError."""
    first, second = stratified(whole.y, 0.2, seed)
    if not len(second):
        raise DataError(text("data.arrays.few", where=where), do=text("data.arrays.forms.do"))
    note = text("data.note.drawn", count=len(second), total=len(whole))
    return {"train": whole.take(first), "test": whole.take(second)}, note


Good = dict[str, slice | np.ndarray]


def _good(where: str, parts: dict[str, Part], skip: bool) -> tuple[Good, tuple[Bad, ...]]:
    """(rows to use of each part, bad rows that are left out). Raises DataError with every bad
    row."""
    why: dict[str, dict[int, list[Text]]] = {name: {} for name in parts}
    for name, part in parts.items():
        faults = {"x": unusable(part.x, part.lengths), "y": unusable(part.y, None)}
        if part.weights is not None:
            faults["weights"] = bad_weights(part.weights)
        for array, bad_rows in faults.items():
            for row, reason in bad_rows:
                fault = text("data.arrays.fault", array=array, reason=reason)
                why[name].setdefault(row, []).append(fault)
    # A slice, unlike indices, makes no copy.
    if not any(why.values()):
        return dict.fromkeys(parts, slice(None)), ()
    good: Good = {}
    bad: list[Bad] = []
    good_groups: list[str] = []
    for name, part in parts.items():
        rows = np.delete(np.arange(len(part.x)), list(why[name]))
        classes = part.y.dtype.kind != "f" and part.y.size == len(part.y)
        labels = part.y.reshape(-1).tolist() if classes else [""] * len(part.y)
        groups = [f"{_array('y', name)} = {label}" if classes else "" for label in labels]
        bad += [
            Bad(groups[i], _row(name, i), text("data.arrays.faults", faults=why[name][i]))
            for i in sorted(why[name])
        ]
        good_groups += [groups[i] for i in rows.tolist()]
        good[name] = rows
    return good, leave_out(text("data.arrays.rows", where=where), bad, good_groups, skip=skip)


def _row(part: str, number: int) -> str:
    return f"{part} row {number}".strip()


def _array(name: str, part: str) -> str:
    """The standard name of an array of one part: x_train, or x if the data are not divided."""
    return f"{name}_{part}" if part else name


def _standard(name: str) -> str:
    """The standard name of an array: x_train for X_train, train_x and x_training; "" for an array
    that is not read."""
    if name == "classes":
        return name
    words = name.split("_")
    for place in (0, -1):
        head = words[place].lower() if words[place] in ("X", "Y") else words[place]
        rest = "_".join(words[1:] if place == 0 else words[:-1])
        part = split_called(rest)
        if head in ("x", "y", "lengths", "weights") and (part or not rest):
            return _array(head, part)
    return ""


def _read(path: Path) -> tuple[dict[str, np.ndarray], list[Text]]:
    """(arrays by their standard names, notes). Raises DataError."""
    if path.suffix.lower() == ".npz":
        stored, others = read_npz(path, lambda name: bool(_standard(name)))
    else:
        files = _siblings(path)
        others = [name for name in files if not _standard(name)]
        stored = {name: open_npy(file) for name, file in files.items() if _standard(name)}
    return by_standard_name(stored, str(path)), (
        [text("data.note.arrays.other", names=tuple(map(shown, sorted(others))))] if others else []
    )


def by_standard_name(stored: dict[str, np.ndarray], where: str) -> dict[str, np.ndarray]:
    """The arrays by their standard names, without any others. Raises DataError for two arrays of
    one meaning."""
    arrays: dict[str, np.ndarray] = {}
    for name, array in stored.items():
        if not (standard := _standard(name)):
            continue
        if standard in arrays:
            raise DataError(
                text("data.arrays.twice", where=where, one=standard, other=name),
                do=text("data.arrays.twice.do"),
            )
        arrays[standard] = array
    return arrays


def _siblings(path: Path) -> dict[str, Path]:
    """The .npy files in a folder, or those that belong to the x at `path`. Raises DataError if
    there is no y."""
    if path.is_dir():
        return {p.stem: p for p in sorted(path.glob("*.npy"))}
    if _standard(path.stem).startswith("x"):
        return {p.stem: p for p in sorted(path.parent.glob("*.npy")) if _standard(p.stem)}
    y = path.with_name(f"{path.stem}_y.npy")
    if not y.is_file():
        raise DataError(
            text("data.arrays.no_targets", path=path),
            do=text("data.arrays.no_targets.do", name=y.name),
        )
    files = {"x": path, "y": y}
    lengths = path.with_name(f"{path.stem}_lengths.npy")
    return {**files, "lengths": lengths} if lengths.is_file() else files


def _parts(where: str, arrays: dict[str, np.ndarray]) -> dict[str, Part]:
    """The arrays by split; {"": ...} if they are not divided into splits yet. Raises DataError."""
    present = sorted(name for name in arrays if name != "classes")
    divided = any("_" in name for name in present)
    required = ["train", "test"] if divided else [""]
    if divided and {"x_val", "y_val"} & set(present):
        required = ["train", "val", "test"]
    pairs = {part: (_array("x", part), _array("y", part)) for part in required}
    missing = [name for pair in pairs.values() for name in pair if name not in arrays]
    if missing:
        raise DataError(
            text("data.arrays.missing", where=where, missing=missing, present=present)
            if present
            else text("data.arrays.none", where=where, missing=missing),
            do=text("data.arrays.forms.do"),
        )
    if divided and {"x", "y"} & set(present):
        raise DataError(text("data.arrays.mixed", where=where), do=text("data.arrays.forms.do"))
    return {
        part: Part(
            arrays[x],
            arrays[y],
            *(arrays.get(_array(name, part)) for name in ("lengths", "weights")),
        )
        for part, (x, y) in pairs.items()
    }


def _problems(parts: dict[str, Part], kind: Kind) -> list[Text]:
    """Everything that is wrong with types, shapes and lengths; values are checked later."""
    problems = []
    first = next(iter(parts.values())).x.shape[1:]
    for name, part in parts.items():
        x, y = _array("x", name), _array("y", name)
        shape = part.x.shape
        try:
            number_type(part.x.dtype)
        except ValueError as error:
            problems.append(text("data.at", where=x, what=cause(error)))
        if not part.x.size:
            problems.append(text("data.arrays.empty", array=x, shape=str(shape)))
        if shape[1:] != first:
            other = {"shape": str(shape[1:]), "others": str(first)}
            problems.append(text("data.arrays.shapes", array=x, **other))
        if not (shape and part.y.ndim):
            problems.append(text("data.arrays.scalar", array=y if shape else x))
        elif len(part.x) != len(part.y):
            counts = {"count": len(part.x), "targets": len(part.y)}
            problems.append(text("data.arrays.counts", x=x, y=y, **counts))
        problems += _wrong_lengths(part, _array("lengths", name), kind)
        if any(other.weights is not None for other in parts.values()):
            problems += wrong_form(part.weights, len(part.y), _array("weights", name))
    return problems


def _wrong_lengths(part: Part, name: str, kind: Kind) -> list[Text]:
    lengths = part.lengths
    if lengths is None:
        return []
    if kind != "sequence" or part.x.ndim < 2:
        return [text("data.arrays.lengths.kind", array=name, kind=kind)]
    if lengths.dtype.kind not in "iu" or lengths.shape != part.x.shape[:1]:
        form = {"type": lengths.dtype, "shape": str(list(lengths.shape))}
        return [text("data.arrays.lengths.form", array=name, **form)]
    longest = part.x.shape[1]
    bad = np.flatnonzero((lengths < 1) | (lengths > longest))
    return [
        text("data.arrays.lengths.range", array=name, row=i, steps=lengths[i], longest=longest)
        for i in bad
    ]


def _lengths(lengths: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray | None:
    """The lengths as int64; None if no sequence is padded."""
    if lengths is None or (np.asarray(lengths) == shape[1]).all():
        return None
    return np.array(lengths, np.int64)


def _with_lengths(split: Split) -> Split:
    """The split with lengths, all equal to L if it had none."""
    if split.lengths is not None:
        return split
    return replace(split, lengths=np.full(len(split), split.x.shape[1], np.int64))


def _good_rows(
    x: np.ndarray, lengths: np.ndarray | None, good: slice | np.ndarray
) -> np.ndarray | Rows:
    """The good rows of x [n ...] with zeros for padding, in a type that holds their values exactly:
    in memory, or on disk if x is large."""
    dtype = number_type(x.dtype)
    if isinstance(x, np.memmap) and x.nbytes > MAPPED:
        return Rows(x, np.arange(len(x))[good], dtype, lengths)
    rows = x[good] if lengths is None else without_padding(x[good], lengths[good])
    return np.array(rows, dtype, order="C")


def _recognised(path: Path) -> bool:
    """Whether a path is a file, or a folder with arrays and without pictures."""
    found = suffixes_in(path)
    return path.is_file() or (".npy" in found and not found & SUFFIXES)


SOURCE = Source(
    Config,
    load,
    text("source.arrays.summary"),
    data_in=(".npz", ".npy", "folder"),
    recognises=_recognised,
    rank=1,
)
