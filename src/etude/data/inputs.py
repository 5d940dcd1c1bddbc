"""Read new files for a trained model, in the same way as the training data.

    pictures, or folders of them   for images: resized and cropped to the shape in the Card
    .npy, .npz (x, maybe lengths)  for all kinds: one sample or several, in the training units
    .ts                            for sequences; classes in the file are ignored
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
from pathlib import Path

import numpy as np

from etude.data.dataset import Card, Split
from etude.data.images import Levels, Mode, PictureError, fit, fit_deep, gather, is_deep, open_image
from etude.data.numpy_files import number_type, open_npy, read_npz, too_large
from etude.data.tree import scan, shown
from etude.data.ts import pad, parse
from etude.errors import DataError

BRIGHT = 127  # 0.1.0 took data with a largest value above this for the bytes of pictures
OLD_LEVELS = Levels(whole=(0, 65535))
UNITS = 4.0
"""New images with a value above this are surely not in the 0..1 of the training data."""


def read(paths: Sequence[str], card: Card) -> Split:
    """The samples in these files (or texts of numbers), in order, with their names and placeholder
    targets.

    Raises one DataError with everything that cannot be used.
    """
    problems: list[str] = []
    entries: list[tuple[str, np.ndarray | Path]] = []
    for text in paths:
        try:
            entries += _one(text, card)
        except DataError as error:
            problems += error.items or (error.what,)
        except ValueError as error:
            problems.append(f"{shown(text)}: {error}")
    return _split([name for name, _ in entries], _decoded(entries, card, problems), card, problems)


def from_array(x: np.ndarray, card: Card, lengths: np.ndarray | None = None) -> Split:
    """The samples in an array, one or several [n ...], raw values in the units of the training
    data. Raises DataError, as `read` does."""
    try:
        samples = _samples(x, lengths, card)
    except ValueError as error:
        return _split([], [], card, [f"the array: {error}"])
    names = [str(i) for i in range(len(samples))]
    return _split(names, samples, card, [])


def _split(names: list[str], samples: list[np.ndarray], card: Card, problems: list[str]) -> Split:
    for name, sample in zip(names, samples, strict=True):
        problems += [f"{name}: {reason}" for reason in _unusable(sample, card)]
    if not samples and not problems:
        problems.append("there are no inputs")
    if problems:
        raise DataError(
            "These inputs cannot be used.",
            items=problems,
            do=f"The model was trained on {card.spec}; provide samples of this kind.",
        )
    lengths = None
    if card.kind == "sequence":
        # A model that reads a fixed number of numbers needs padding to the training length.
        x, lengths = pad(samples, card.shape[0] if card.view == "vector" else 0)
    else:
        x = np.stack(samples)
    x = _as_stored(x, card)
    if card.target == "class":
        y = np.zeros(len(x), np.int64)
    else:
        # A placeholder, as the target is unknown: 1 if targets become logarithms (log 1 = 0).
        y = np.full((len(x), card.outputs), 1.0 if card.log else 0.0, np.float32)
    return Split(x, y, lengths, tuple(names))


def _one(text: str, card: Card) -> list[tuple[str, np.ndarray | Path]]:
    """(name, sample or path of a picture) of each sample in one argument. Raises DataError or
    ValueError."""
    path, name = Path(text), shown(text)
    # A file may be called "1,2,3", so an existing file comes before numbers.
    if card.kind == "vector" and not os.path.exists(text):
        return [(name, _numbers(text, card))]
    suffix = path.suffix.lower()
    if suffix in (".npy", ".npz"):
        samples = _arrays(path, card)
        if len(samples) == 1:
            return [(name, samples[0])]
        return [(f"{name}[{i}]", sample) for i, sample in enumerate(samples)]
    if suffix == ".ts" and card.kind == "sequence":
        sequences, problems = parse(path)
        problems += map(str, sequences.bad)
        if problems:
            raise DataError(f"{name}: cannot be used.", items=problems)
        return list(zip(sequences.names, sequences.rows, strict=True))
    if card.kind == "image":
        return _pictures(path, name, card)
    if not os.path.exists(text):
        raise ValueError("there is no such file")
    takes = ".npy, .npz or .ts" if card.kind == "sequence" else ".npy, .npz or numbers"
    raise ValueError(f"is not {takes}, the formats for samples of kind {card.kind}")


def _pictures(path: Path, name: str, card: Card) -> list[tuple[str, np.ndarray | Path]]:
    if card.shape[0] not in (1, 3):
        raise ValueError(f"a picture has 1 or 3 channels, the data have {card.shape[0]}; use .npy")
    if not os.path.isdir(path):
        return [(name, path)]
    inside = scan(path, path)
    problems = inside.problems + [f"{link}: {why}" for link, why in inside.links]
    if problems or not inside.files:
        items = [f"{shown(path)}/{problem}" for problem in problems]
        raise DataError(f"{name}: has no pictures", items=items)
    return [(shown(file), file) for file in inside.files]


def _decoded(
    entries: list[tuple[str, np.ndarray | Path]], card: Card, problems: list[str]
) -> list[np.ndarray]:
    """The samples with all pictures decoded. A picture that cannot be decoded adds a line to
    `problems` and leaves an empty sample."""
    samples = [entry if isinstance(entry, np.ndarray) else np.empty(0) for _, entry in entries]
    where = [i for i, (_, entry) in enumerate(entries) if isinstance(entry, Path)]
    paths = [entry for _, entry in entries if isinstance(entry, Path)]
    for i, result in gather(paths, lambda path: _picture(path, card)):
        if isinstance(result, PictureError):
            problems.append(f"{entries[where[i]][0]}: {result}")
        else:
            samples[where[i]] = result
    return samples


def _picture(path: Path, card: Card) -> np.ndarray:
    """A picture file [C H W] in the units of the training data. Raises PictureError."""
    mode: Mode = "L" if card.shape[0] == 1 else "RGB"
    size = card.shape[1], card.shape[2]
    levels = card.levels if card.stored else OLD_LEVELS
    with open_image(path) as picture:
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


def _numbers(text: str, card: Card) -> np.ndarray:
    try:
        values = np.array([float(word) for word in text.split(",")])
    except ValueError:
        raise ValueError("is neither a file nor numbers such as 0.5 or 1,2,3") from None
    if len(values) != card.shape[0]:
        raise ValueError(f"has {len(values)} numbers, {card.shape[0]} expected")
    if too_large(values[None]).any():
        raise ValueError("has numbers that are too large for float32")
    return values


def _arrays(path: Path, card: Card) -> list[np.ndarray]:
    """The samples in a .npy or .npz file. Raises DataError or ValueError."""
    lengths = None
    if path.suffix.lower() == ".npy":
        x: np.ndarray = open_npy(path)
    else:
        arrays, _ = read_npz(path, {"x", "X", "lengths"}.__contains__)
        if len(arrays.keys() & {"x", "X"}) != 1:
            raise ValueError("has no array x (or it has both x and X)")
        x = arrays["x"] if "x" in arrays else arrays["X"]
        lengths = arrays.get("lengths")
    return _samples(np.asarray(x), lengths, card)


def _samples(x: np.ndarray, lengths: np.ndarray | None, card: Card) -> list[np.ndarray]:
    """The samples in an array, each with the axes of the Card. Raises ValueError."""
    dtype = number_type(x.dtype)
    if too_large(x[None]).any():
        raise ValueError("has values that are too large for float32")
    x = _arranged(x, card).astype(dtype)
    if not len(x):
        raise ValueError("has no samples")
    if card.kind == "image":
        _same_units(x, card)
    if lengths is None or card.kind != "sequence":
        return list(x)
    steps = range(1, x.shape[1] + 1)
    if lengths.shape != x.shape[:1] or any(length not in steps for length in lengths.tolist()):
        raise ValueError(f"lengths should be {len(x)} whole numbers from 1 to {x.shape[1]}")
    return [row[:length] for row, length in zip(x, lengths, strict=True)]


def _same_units(x: np.ndarray, card: Card) -> None:
    """Raise ValueError for images whose units surely differ from those of the training data."""
    if card.pixels is None:
        return
    # Fractions in 0..1 are no bytes; whole 0 and 1 may be a very dark picture, and pass.
    (low, high), top = card.pixels, float(x.max())
    if x.dtype.kind == "f" and x.min() >= 0 and top <= 1 and high >= 16 and (x != np.rint(x)).any():
        raise ValueError(
            f"has values in 0..1, but the training data go from {low:g} to {high:g}; "
            f"multiply by {high:g}"
        )
    if high <= 1 and top > UNITS:
        raise ValueError(
            f"has values up to {top:g}, but the training data go from {low:g} to {high:g}; "
            "divide by 255 if they are bytes"
        )


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
        raise ValueError(f"has shape {x.shape}; [L {features}] or [n L {features}] expected")
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
    raise ValueError(f"has shape {x.shape}; [{sides}] or [n {sides}] expected")


def _unusable(sample: np.ndarray, card: Card) -> list[str]:
    """The reasons why the model cannot read a sample; empty if it can."""
    reasons = []
    bad = int((~np.isfinite(sample)).sum())
    if bad:
        reasons.append(f"has {bad} values that are NaN or infinite")
    if card.log and (sample <= 0).any():
        reasons.append("has values of 0 or below; the model works with logarithms")
    if card.kind == "sequence":
        steps, longest = len(sample), card.shape[0]
        if sample.shape[1] != card.shape[1]:
            reasons.append(f"has {sample.shape[1]} features, {card.shape[1]} expected")
        if card.target == "forecast" and steps < max(card.season, 1):
            reasons.append(f"has {steps} steps; a forecast needs a season of {card.season}")
        # Flattened sequences have a fixed size. Shorter ones can be padded, but only if training
        # had padding too; otherwise the model never saw it.
        fits = steps <= longest if card.padded else steps == longest
        if card.view == "vector" and not fits:
            most = "at most " if card.padded else ""
            reasons.append(f"has {steps} steps; this model reads {most}{longest}")
    return reasons
