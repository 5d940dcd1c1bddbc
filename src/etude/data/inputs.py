"""Read new files for a trained model, in the same way as the training data.

    pictures, or folders of them   for images: resized and cropped to the shape in the Card
    a table with a column of paths for images: see `picture_rows`
    .npy, .npz (x, maybe lengths)  for all kinds: one sample or several, in the training units
    IDX files                      for images and vectors, likewise
    .ts, .tsv, .txt, .arff         for sequences; classes in the file are ignored
    0.5 or 1,2,3                   for vectors: the numbers of one sample

Only the Card decides how a file is read, never the values in the file: a dark picture must stay
dark. The 0..255 of a picture are scaled to black and white of the training data (`card.pixels`).
Grey pictures of more than 8 bits are scaled by `card.levels`, or keep their values if the training
data were arrays of other numbers.

Cards of version 0.1.0 do not record how files were read. For them, if the largest training value
(`card.top`) is at most 127 or above 255, the 0..255 of a picture are scaled to 0..`card.top`;
otherwise they stay as they are. Integers of more than 8 bits are divided by 257, and floats count
as 0..255. Folders of pictures that 0.1.0 trained on always have pixels 0..255; `Run` adds this to
their Card (`old.with_bytes`).
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from etude.data import picture_rows
from etude.data.card import Card
from etude.data.dataset import Split
from etude.data.idx import named as is_idx
from etude.data.idx_file import read as read_idx
from etude.data.images import (
    Levels,
    Mode,
    PictureError,
    Place,
    fit,
    fit_deep,
    gather,
    is_deep,
    open_image,
)
from etude.data.numpy_files import number_type, open_npy, read_npz, too_large
from etude.data.panel import inputs as series
from etude.data.reasons import missing
from etude.data.sequences.content import pad
from etude.data.tabular import inputs as tabular
from etude.data.tabular import objects, reader
from etude.data.tabular.columns import used
from etude.data.tabular.dialect import Reading
from etude.data.tabular.moments import place
from etude.data.tree import scan, shown
from etude.data.ts import SUFFIXES as SEQUENCES
from etude.data.ts import parse
from etude.errors import DataError, InvalidValue, cause
from etude.locale.texts import Sentence, Text, text

BRIGHT = 127  # 0.1.0 took data with a largest value above this for the bytes of pictures
OLD_LEVELS = Levels(whole=(0, 65535))
UNITS = 4.0
"""New images with a value above this are surely not in the 0..1 of the training data."""


def read(paths: Sequence[str], card: Card) -> Split:
    """The samples in these files (or strings of numbers), in order, with their names and
    placeholder targets.

    Raises one DataError with everything that cannot be used.
    """
    if card.columns:
        return _steps(paths, card) if card.kind == "sequence" else _rows(paths, card)
    if card.panel:
        return of_series(series.latest(paths, card.panel, card.reading or Reading()), card)
    problems: list[Sentence] = []
    entries: list[tuple[str, np.ndarray | Path]] = []
    for path in paths:
        try:
            entries += _one(path, card)
        except DataError as error:
            problems += error.items or (error.what,)
        except ValueError as error:
            problems.append(text("data.at", where=shown(path), what=cause(error)))
    return _split([name for name, _ in entries], _decoded(entries, card, problems), card, problems)


def of_series(found: series.Latest, card: Card) -> Split:
    """The last window of each series."""
    return Split(found.x, _no_targets(len(found.x), card), None, found.names)


def _rows(paths: Sequence[str], card: Card) -> Split:
    """The rows of files of a table. Raises DataError."""
    parts = [
        tabular.read(Path(path), used(card.columns), card.reading or Reading()) for path in paths
    ]
    names = [
        line if len(paths) == 1 or not line.isdigit() else f"{shown(path)}:{line}"
        for path, (_, lines) in zip(paths, parts)
        for line in lines
    ]
    x = np.concatenate([x for x, _ in parts])
    return Split(x, _no_targets(len(x), card), None, tuple(names))


def _steps(paths: Sequence[str], card: Card) -> Split:
    """The sequences in files of long tables. Raises DataError."""
    names, samples = [], []
    for path in paths:
        table = reader.read(Path(path), card.reading or Reading(), None)
        ids, found = tabular.sequences_of(table, card.columns, path)
        names += [one if len(paths) == 1 else f"{shown(path)}: {one}" for one in ids]
        samples += found
    return _split(names, samples, card, [])


def from_frame(data: Any, card: Card) -> Split:
    """The rows of a frame or of a list of mappings, for a run on a table. Raises DataError."""
    reading = card.reading or Reading()
    table = objects.table_of(data, frozenset(reading.missing))
    if reading.zone:
        place(table.cells, reading.zone)
    if card.kind == "sequence":
        table = replace(table, reading=reading)
        ids, samples = tabular.sequences_of(table, card.columns, "data")
        return _split(list(ids), samples, card, [])
    x, names = tabular.rows_of(table, used(card.columns), "data")
    return Split(x, _no_targets(len(x), card), None, names)


def _no_targets(count: int, card: Card) -> np.ndarray:
    """Placeholders for targets, which are unknown."""
    if card.target == "class":
        return np.zeros(count, np.int64)
    # 1 if targets become logarithms (log 1 = 0).
    return np.full((count, card.outputs), 1.0 if card.log else 0.0, np.float32)


def from_array(x: np.ndarray, card: Card, lengths: np.ndarray | None = None) -> Split:
    """The samples in an array, one or several [n ...], raw values in the units of the training
    data. Raises DataError, as `read` does."""
    try:
        samples = _samples(x, lengths, card)
    except ValueError as error:
        return _split([], [], card, [text("data.inputs.array", what=cause(error))])
    names = [str(i) for i in range(len(samples))]
    return _split(names, samples, card, [])


def _split(
    names: list[str], samples: list[np.ndarray], card: Card, problems: list[Sentence]
) -> Split:
    for name, sample in zip(names, samples, strict=True):
        problems += [text("data.at", where=name, what=why) for why in _unusable(sample, card)]
    if not samples and not problems:
        problems.append(text("data.inputs.none"))
    if problems:
        raise DataError(
            text("data.inputs.bad"),
            items=problems,
            do=text("data.inputs.bad.do", spec=card.spec),
        )
    lengths = None
    if card.kind == "sequence":
        # A model that reads a fixed number of numbers needs padding to the training length.
        x, lengths = pad(samples, card.shape[0] if card.view == "vector" else 0)
    else:
        x = np.stack(samples)
    x = _as_stored(x, card)
    return Split(x, _no_targets(len(x), card), lengths, tuple(names))


def _one(argument: str, card: Card) -> list[tuple[str, np.ndarray | Path]]:
    """(name, sample or path of a picture) of each sample in one argument. Raises DataError or
    ValueError."""
    path, name = Path(argument), shown(argument)
    # A file may be called "1,2,3", so an existing file comes before numbers.
    if card.kind == "vector" and not os.path.exists(argument):
        return [(name, _numbers(argument, card))]
    suffix = Path(name.lower().removesuffix(".gz")).suffix
    if suffix in (".npy", ".npz") or (os.path.isfile(path) and is_idx(path)):
        samples = _arrays(path, card)
        if len(samples) == 1:
            return [(name, samples[0])]
        return [(f"{name}[{i}]", sample) for i, sample in enumerate(samples)]
    if suffix in SEQUENCES and card.kind == "sequence":
        sequences, problems = parse(path)
        problems += [one.sentence for one in sequences.bad]
        if problems:
            raise DataError(text("data.inputs.bad"), items=problems)
        return list(zip(sequences.names, sequences.rows, strict=True))
    if card.kind == "image":
        if picture_rows.reads(path):
            return list(picture_rows.entries(path, card.reading or Reading()))
        return _pictures(path, name, card)
    if not os.path.exists(argument):
        raise InvalidValue(missing(path))
    raise InvalidValue(
        text("data.inputs.format.sequence")
        if card.kind == "sequence"
        else text("data.inputs.format.vector")
    )


def _pictures(path: Path, name: str, card: Card) -> list[tuple[str, np.ndarray | Path]]:
    if card.shape[0] not in (1, 3):
        raise InvalidValue(text("data.inputs.channels", count=card.shape[0]))
    if not os.path.isdir(path):
        return [(name, path)]
    inside = scan(path, path)
    problems = inside.problems + [text("data.at", where=link, what=w) for link, w in inside.links]
    if problems or not inside.files:
        items = [text("data.inputs.below", folder=name, problem=one) for one in problems]
        what = text("data.at", where=name, what=text("data.inputs.no_pictures"))
        raise DataError(what, items=items)
    return [(shown(file), file) for file in inside.files]


def _decoded(
    entries: list[tuple[str, np.ndarray | Path]], card: Card, problems: list[Sentence]
) -> list[np.ndarray]:
    """The samples with all pictures decoded. A picture that cannot be decoded adds a line to
    `problems` and leaves an empty sample."""
    samples = [entry if isinstance(entry, np.ndarray) else np.empty(0) for _, entry in entries]
    where = [i for i, (_, entry) in enumerate(entries) if isinstance(entry, Path)]
    paths = [entry for _, entry in entries if isinstance(entry, Path)]
    for i, result in gather(paths, lambda place: _picture(place, card)):
        if isinstance(result, PictureError):
            problems.append(text("data.at", where=entries[where[i]][0], what=result.what))
        else:
            samples[where[i]] = result
    return samples


def _picture(place: Place, card: Card) -> np.ndarray:
    """A picture file [C H W] in the units of the training data. Raises PictureError."""
    mode: Mode = "L" if card.shape[0] == 1 else "RGB"
    size = card.shape[1], card.shape[2]
    levels = card.levels if card.stored else OLD_LEVELS
    with open_image(place) as picture:
        # The training data were an array of more than 8 bits, so the picture has the same units.
        if is_deep(picture.mode) and mode == "L" and card.stored not in ("", "uint8"):
            return fit_deep(picture, size)
        pixels = fit(picture, size, mode, levels)
    low, high = card.pixels or (0.0, 255.0 if BRIGHT < card.top <= 255 else card.top)
    if (low, high) == (0, 255):
        return pixels
    values = low + pixels * ((high - low) / 255)
    dtype = np.dtype(card.stored or np.float32)
    # `astype` truncates; integers must be rounded.
    return (np.rint(values) if dtype.kind in "iu" else values).astype(dtype)


def _as_stored(x: np.ndarray, card: Card) -> np.ndarray:
    """x in the type of the training data, if the conversion is exact; then equal numbers give equal
    predictions, whatever their type."""
    if not card.stored or x.dtype == card.stored:
        return x
    dtype = np.dtype(card.stored)
    if dtype.kind in "iu":
        # Outside these bounds a cast wraps around or is undefined.
        bounds = np.iinfo(dtype)
        if not (np.isfinite(x).all() and x.min() >= bounds.min and x.max() <= bounds.max):
            return x
    cast = x.astype(dtype)
    return cast if (cast == x).all() else x


def _numbers(words: str, card: Card) -> np.ndarray:
    try:
        values = np.array([float(word) for word in words.split(",")])
    except ValueError:
        raise InvalidValue(text("data.inputs.no_numbers")) from None
    if len(values) != card.shape[0]:
        raise InvalidValue(text("data.inputs.numbers", have=len(values), want=card.shape[0]))
    if too_large(values[None]).any():
        raise InvalidValue(text("data.inputs.numbers.large"))
    return values


def _arrays(path: Path, card: Card) -> list[np.ndarray]:
    """The samples in a .npy, .npz or IDX file. Raises DataError or ValueError."""
    lengths = None
    if path.suffix.lower() == ".npy":
        x: np.ndarray = open_npy(path)
    elif path.suffix.lower() != ".npz":
        x = read_idx(path)
    else:
        arrays, _ = read_npz(path, {"x", "X", "lengths"}.__contains__)
        if len(arrays.keys() & {"x", "X"}) != 1:
            raise InvalidValue(text("data.inputs.no_x"))
        x = arrays["x"] if "x" in arrays else arrays["X"]
        lengths = arrays.get("lengths")
    return _samples(np.asarray(x), lengths, card)


def _samples(x: np.ndarray, lengths: np.ndarray | None, card: Card) -> list[np.ndarray]:
    """The samples in an array, each with the axes of the Card. Raises ValueError."""
    dtype = number_type(x.dtype)
    if too_large(x[None]).any():
        raise InvalidValue(text("data.inputs.values.large"))
    x = _arranged(x, card).astype(dtype)
    if not len(x):
        raise InvalidValue(text("data.inputs.empty"))
    if card.kind == "image":
        _same_units(x, card)
    if lengths is None or card.kind != "sequence":
        return list(x)
    steps = range(1, x.shape[1] + 1)
    if lengths.shape != x.shape[:1] or any(length not in steps for length in lengths.tolist()):
        raise InvalidValue(text("data.inputs.lengths", count=len(x), most=x.shape[1]))
    return [row[:length] for row, length in zip(x, lengths, strict=True)]


def _same_units(x: np.ndarray, card: Card) -> None:
    """Raise ValueError for images whose units surely differ from those of the training data."""
    if card.pixels is None:
        return
    # Fractions in 0..1 are no bytes; whole 0 and 1 may be a very dark picture, and pass.
    (low, high), top = card.pixels, float(x.max())
    if x.dtype.kind == "f" and x.min() >= 0 and top <= 1 and high >= 16 and (x != np.rint(x)).any():
        raise InvalidValue(text("data.inputs.fractions", low=low, high=high))
    if high <= 1 and top > UNITS:
        raise InvalidValue(text("data.inputs.bytes", top=top, low=low, high=high))


def _arranged(x: np.ndarray, card: Card) -> np.ndarray:
    """x, one sample or several, as [n ...] with the axes of the Card. Raises ValueError."""
    shape = card.shape
    if card.kind == "sequence":
        features = shape[1]
        if x.ndim == 3 and x.shape[2] == features:
            return x
        if x.ndim == 2 and x.shape[1] == features:
            return x[None]
        if features == 1 and x.ndim in (1, 2):
            return x.reshape(-1, x.shape[-1], 1)
        raise InvalidValue(text("data.inputs.shape", shape=str(x.shape), sides=f"L {features}"))
    forms: list[tuple[tuple[int, ...], Callable[[np.ndarray], np.ndarray]]] = [(shape, np.asarray)]
    if card.kind == "image":
        channels, height, width = shape
        forms.append(((height, width, channels), lambda a: np.moveaxis(a, -1, 1)))
        if channels == 1:
            forms.append(((height, width), lambda a: a[:, None]))
    elif shape == (1,):
        forms.append(((), lambda a: a[:, None]))
    # The Card's own order of axes comes first, so it wins if a shape fits two forms.
    for form, arrange in forms:
        if x.shape == form:
            return arrange(x[None])
        if x.ndim == len(form) + 1 and x.shape[1:] == form:
            return arrange(x)
    sides = " ".join(map(str, shape))
    raise InvalidValue(text("data.inputs.shape", shape=str(x.shape), sides=sides))


def _unusable(sample: np.ndarray, card: Card) -> list[Text]:
    """The reasons why the model cannot read a sample; empty if it can."""
    reasons = []
    # An empty cell of a table is nan.
    bad = 0 if card.columns else int((~np.isfinite(sample)).sum())
    if bad:
        reasons.append(text("data.values.nan", count=bad))
    if card.log and (sample <= 0).any():
        reasons.append(text("data.inputs.logarithms"))
    if card.kind == "sequence":
        steps, longest = len(sample), card.shape[0]
        if sample.shape[1] != card.shape[1]:
            have, want = sample.shape[1], card.shape[1]
            reasons.append(text("data.inputs.features", have=have, want=want))
        if card.target == "forecast" and steps < max(card.season, 1):
            reasons.append(text("data.inputs.season", steps=steps, season=card.season))
        # Flattened sequences have a fixed size. Shorter ones can be padded, but only if training
        # had padding too; otherwise the model never saw it.
        fits = steps <= longest if card.padded else steps == longest
        if card.view == "vector" and not fits:
            key = "data.inputs.steps.most" if card.padded else "data.inputs.steps"
            reasons.append(text(key, steps=steps, longest=longest))
    return reasons
