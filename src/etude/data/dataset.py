"""Dataset: samples in three splits, and a Card that says all that must be known of them.

A source's `load(config)` gives a Raw (training data, and a test split that is the same whatever the
seed). `carve` takes validation out of the training data by seed and learns the normalisation from
what is left. Everything later - training, evaluation, prediction - prepares samples by the Card.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from pydantic import Field

from etude.config import Config
from etude.data import duplicates
from etude.data import splits as together
from etude.data.bad import Bad, note
from etude.data.images import BY_TYPE, Levels
from etude.data.numpy_files import unusable
from etude.data.prepare import moments
from etude.data.rows import Rows, blocks
from etude.errors import DataError
from etude.shapes import Kind, Spec, Target

Augmentation = Literal[
    "flip", "translate", "affine", "erase", "noise", "jitter", "scale", "time-mask"
]
View = Literal["none", "rows", "vector"]
Scale = Literal["standard", "tanh"]
SHOWN = 8


class DataConfig(Config):
    """The keys that every data source takes."""

    augment: tuple[Augmentation, ...] = Field(
        default=(), description="batched operations on training samples, e.g. flip,translate"
    )
    val_fraction: float = Field(
        default=0.1, gt=0, le=0.5, description="share of the training data kept for validation"
    )
    skip_bad: bool = Field(
        default=False, description="leave out single samples that cannot be used, and say which"
    )


@dataclass(frozen=True)
class Split:
    """n samples. x: image [n C H W], sequence [n L Q] or vector [n D], in a type that holds what
    the file says (see `number_type`); Rows where it stays on disk.

    y: classes [n] int64, or values [n D] float64 or float32. lengths: valid steps [n], None if all
    are whole. names: where each sample came from (a path, a row), empty if their number says all.
    digests: a number [n] for each, where a source saw more of them than x has (see `twins`).
    """

    x: np.ndarray | Rows
    y: np.ndarray
    lengths: np.ndarray | None = None
    names: tuple[str, ...] = ()
    digests: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.x)

    def take(self, indices: np.ndarray) -> "Split":
        """The samples at `indices`, in that order."""
        return Split(
            self.x.pick(indices) if isinstance(self.x, Rows) else self.x[indices],
            self.y[indices],
            None if self.lengths is None else self.lengths[indices],
            tuple(self.names[i] for i in indices) if self.names else (),
            None if self.digests is None else self.digests[indices],
        )


@dataclass(frozen=True)
class Raw:
    """What a source yields: test is fixed; val is given only where a source has its own.

    notes: what was done to the data on the way in (resized, converted, left out), for the user.
    unit: of the values, for regression and forecasts. log: values are positive and grow by
    factors, so they are modelled as logarithms. season: steps in one period of a series (0: none).
    left_out: bad samples that were left out because the user asked for it. white: (black, white) of
    images in their own values, where the source knows; None: by type (see `pixel_range`). levels:
    how pictures of more than 8 bits are read.
    otherwise: how the samples could be read as another kind, for who meant that.
    """

    name: str
    kind: Kind
    target: Target
    train: Split
    test: Split
    val: Split | None = None
    classes: tuple[str, ...] = ()
    unit: str = ""
    log: bool = False
    season: int = 0
    notes: tuple[str, ...] = ()
    left_out: tuple[Bad, ...] = ()
    white: tuple[float, float] | None = None
    levels: Levels = BY_TYPE
    otherwise: str = ""


@dataclass(frozen=True)
class Source:
    """A data source: its Config, how it loads, and one line on what it is.

    data_in: the suffixes (or "folder") that a path must have for this source to read it.
    """

    config: type[DataConfig]
    load: Callable[[Any], Raw]
    summary: str
    data_in: tuple[str, ...] = ()


class Card(Config):
    """All that training, evaluation and prediction must know of the data, without the data.

    A sample is prepared as x minus origin, its logarithm if log, minus mean, over std, then viewed.
    top: the largest raw value in training. padded: sequences of unequal lengths, filled up to the
    longest.

    How files are read was decided once, by source and type, and is replayed: stored: the type the
    samples were kept in; pixels: (black, white) of images, to which the 0..255 of a picture file
    are brought; levels: black and white of picture files of more than 8 bits. Cards of 0.1.0 have
    none of these ("" and None): see `inputs`.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    target: Target
    outputs: int
    classes: tuple[str, ...]
    unit: str
    view: View
    scale: Scale
    mean: tuple[float, ...]
    std: tuple[float, ...]
    y_mean: tuple[float, ...]
    y_std: tuple[float, ...]
    top: float
    padded: bool
    log: bool
    season: int
    sizes: dict[str, int]
    fingerprint: str
    notes: tuple[str, ...]
    origin: tuple[int | float, ...] = ()
    stored: Literal["", "uint8", "float32", "float64", "int64", "uint64"] = ""
    pixels: tuple[float, float] | None = None
    levels: Levels = BY_TYPE

    @property
    def given(self) -> Spec:
        """A sample as the data have it."""
        return Spec(self.kind, self.shape, self.outputs, self.target)

    @property
    def seen(self) -> Spec:
        """A sample as the model sees it, after the view."""
        if self.view == "rows":
            channels, height, width = self.shape
            return Spec("sequence", (height, width * channels), self.outputs, self.target)
        if self.view == "vector":
            return Spec("vector", (self.given.size,), self.outputs, self.target)
        return self.given


@dataclass(frozen=True)
class Dataset:
    """Three splits and their Card; and, where the user asked for it, the bad that were left out."""

    card: Card
    train: Split
    val: Split
    test: Split
    left_out: tuple[Bad, ...] = ()


def view_for(kind: Kind, reads: Sequence[Kind], otherwise: str) -> View:
    """How samples of `kind` are shown to a model that `reads` these kinds, best first.

    image -> rows: H steps of W*C. image or sequence -> vector. otherwise: how the data could be
    read as another kind. Raises DataError where none fits.
    """
    if kind in reads:
        return "none"
    if kind == "image" and "sequence" in reads:
        return "rows"
    if "vector" in reads:
        return "vector"
    raise DataError(
        f"The model reads {' or '.join(reads)}, but these data are of kind {kind}.",
        do=f"{otherwise}. Or choose" * bool(otherwise)
        + "Choose" * (not otherwise)
        + " another model: `etude list` names what each reads.",
    )


def carve(
    raw: Raw, *, reads: Sequence[Kind], scale: Scale, val_fraction: float, seed: int
) -> Dataset:
    """Splits with validation carved from training data by seed, and the Card learned from the rest.

    Raises DataError for data that cannot be learned from (see `check`).
    """
    check(raw)
    train, val = raw.train, raw.val
    if val is None:
        rest, held = together.stratified(train.y, val_fraction, seed)
        if not len(held):
            raise DataError(
                f"{raw.name}: no class has two training samples, so none is left to validate on.",
                do="Add samples, or give a validation split.",
            )
        train, val = train.take(rest), train.take(held)
    train, val, test = (
        replace(split, digests=digests(split, raw.target)) for split in (train, val, raw.test)
    )
    origin, mean, std, low, high = moments(train.x, train.lengths, scale, raw.log)
    pixels = raw.white
    if pixels is None and raw.kind == "image":
        pixels = pixel_range(train.x.dtype, low, high)
    y_mean, y_std = _target_moments(train.y, raw.target)
    if raw.target == "forecast":  # what comes is of the same series as what is shown
        y_mean, y_std = _absolute(origin, mean), std
    card = Card(
        name=raw.name,
        kind=raw.kind,
        shape=tuple(int(side) for side in train.x.shape[1:]),
        target=raw.target,
        outputs=len(raw.classes) if raw.target == "class" else int(train.y.shape[1]),
        classes=raw.classes,
        unit=raw.unit,
        view=view_for(raw.kind, reads, raw.otherwise),
        scale=scale,
        mean=mean,
        std=std,
        y_mean=y_mean,
        y_std=y_std,
        top=high,
        padded=train.lengths is not None,
        log=raw.log,
        season=raw.season,
        sizes={"train": len(train), "val": len(val), "test": len(test)},
        fingerprint=fingerprint(raw),
        notes=_notes(raw, {"train": train, "val": val, "test": test}),
        origin=origin,
        stored=train.x.dtype.name,  # type: ignore[arg-type]  # checked by the Card
        pixels=(raw.white or pixel_range(train.x.dtype, low, high))
        if raw.kind == "image"
        else None,
        levels=raw.levels,
    )
    return Dataset(card, train, val, test, raw.left_out)


def digests(split: Split, target: Target) -> np.ndarray:
    """A number [n] for each sample, by which its twins are told."""
    if split.digests is not None:
        return split.digests
    return duplicates.digests(split.x, split.lengths, None if target == "class" else split.y)


def _notes(raw: Raw, splits: dict[str, Split]) -> tuple[str, ...]:
    """All that must be said of the data, errors that stop nothing among it."""
    notes = list(raw.notes)
    if raw.left_out:
        notes.append(note(raw.left_out, sum(map(len, splits.values())) + len(raw.left_out)))
    if raw.target == "class":
        notes += _absent(raw, splits)
    parts = {name: (split.x, split.lengths) for name, split in splits.items()}
    return (*notes, *together.warnings(parts), *_twins(raw, splits))


def _absent(raw: Raw, splits: dict[str, Split]) -> Iterator[str]:
    """Classes that a split has no sample of."""
    held = {part: set(np.unique(split.y).tolist()) for part, split in splits.items()}
    for part, where in (
        ("train", "in training, so never predicted"),
        ("val", "in validation"),
        ("test", "in test"),
    ):
        known = held["train"] if part != "train" else set(range(len(raw.classes)))
        missing = [raw.classes[i] for i in sorted(known - held[part])]
        if missing:
            more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
            yield f"not {where}: {', '.join(missing[:SHOWN])}{more}"


def _twins(raw: Raw, splits: dict[str, Split]) -> list[str]:
    return duplicates.notes(
        raw.kind,
        raw.target,
        {part: digests(split, raw.target) for part, split in splits.items()},
        {part: split.y for part, split in splits.items()},
        {part: split.names for part, split in splits.items()},
    )


def check(raw: Raw) -> None:
    """Raise DataError, naming all that is wrong at once, for data that cannot be learned from."""
    problems = []
    all_parts = (("train", raw.train), ("val", raw.val), ("test", raw.test))
    for part, split in all_parts:
        if split is None:
            continue
        if not len(split):
            problems.append(f"{part}: has no samples")
            continue
        if len(split.x) != len(split.y):
            problems.append(f"{part}: {len(split.x)} samples but {len(split.y)} targets")
        problems += [f"{part} x: {text}" for text in _not_finite(split.x, split, split.lengths)]
        problems += [f"{part} y: {text}" for text in _not_finite(split.y, split, None)]
    if raw.target == "class" and len(raw.train):
        present = np.unique(raw.train.y)
        if len(present) < 2:
            problems.append(
                f"train: has one class only ({raw.classes[int(present[0])]!r}); "
                "telling classes apart takes two"
            )
        for part, split in (("val", raw.val), ("test", raw.test)):
            absent = sorted(set(np.unique(split.y if split else [])) - set(present))
            names = ", ".join(repr(raw.classes[int(i)]) for i in absent)
            if absent:
                problems.append(f"{part}: has classes that training has not: {names}")
    parts = {name: (s.x, s.lengths) for name, s in all_parts if s is not None and len(s)}
    problems += together.slips(parts) if "train" in parts else ()
    if problems:
        raise DataError(f"{raw.name}: these data cannot be used.", items=problems)


def _not_finite(
    values: np.ndarray | Rows, split: Split, lengths: np.ndarray | None
) -> Iterator[str]:
    """What cannot be learned from: one line a sample."""
    for index, reason in unusable(values, lengths):
        name = f" ({split.names[index]})" if split.names else ""
        yield f"sample {index}{name} {reason}"


def pixel_range(dtype: np.dtype[Any], low: float, high: float) -> tuple[float, float]:
    """(black, white) of images whose training values lie in low..high: 0..255 for bytes, whatever
    they hold; for other types 0..1, -1..1 or 0..255 if these hold them all, else low..high."""
    if dtype == np.uint8:
        return 0.0, 255.0
    for black, white in ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)):
        if black <= low and high <= white:
            return black, white
    return low, high if high > low else low + 1


def _target_moments(y: np.ndarray, target: Target) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if target == "class":
        return (), ()
    found = moments(y, None, "standard", log=False)
    return _absolute(found.origin, found.mean), found.std


def _absolute(origin: tuple[int | float, ...], mean: tuple[float, ...]) -> tuple[float, ...]:
    """The mean in raw units, rounded to float64."""
    return tuple(m + o for m, o in zip(mean, origin)) if origin else mean


def fingerprint(raw: Raw) -> str:
    """SHA-256 over every split's values, types and shapes, and the class names in order."""
    digest = hashlib.sha256(repr((raw.kind, raw.target, raw.classes, raw.unit)).encode())
    for split in (raw.train, raw.val, raw.test):
        for array in () if split is None else (split.x, split.y, split.lengths):
            if array is None:
                continue
            digest.update(repr((array.dtype.str, array.shape)).encode())
            for _, block in blocks(array):
                digest.update(np.ascontiguousarray(block).tobytes())
    return digest.hexdigest()
