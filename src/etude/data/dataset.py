"""Dataset: samples in three splits, and the Card (see `card`) that describes them.

A source's `load(config)` returns a Raw: training data and a test split that does not depend on the
seed. `split_dataset` draws the validation split from the training data by seed and computes the
normalisation from the remaining training samples. Training, evaluation and prediction all prepare
samples by the Card, so they agree.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from etude.config import Config
from etude.data import duplicates
from etude.data import splits as splitting
from etude.data.bad import Bad, note
from etude.data.card import Card, Scale, View
from etude.data.images import BY_TYPE, Levels
from etude.data.moments import Moments, moments, pixel_range
from etude.data.numpy_files import unusable
from etude.data.panel.card import Panel
from etude.data.rows import Rows, blocks
from etude.data.tabular import steps
from etude.data.tabular.arrays import TableArrays
from etude.data.tabular.columns import Column
from etude.data.tabular.dialect import Reading
from etude.errors import DataError
from etude.locale.texts import Sentence, Text, listed, text
from etude.shapes import Kind, Target

Augmentation = Literal[
    "flip", "translate", "affine", "erase", "noise", "jitter", "scale", "time-mask"
]
SHOWN = 8
NO_MOMENTS = Moments((), (0.0,), (1.0,), 0.0, 0.0)
"""Of a table, whose columns hold what is learned of them, and of series that are scaled already."""


class DataConfig(Config):
    """The keys that every data source takes."""

    augment: tuple[Augmentation, ...] = Field(default=(), description="config.data.augment")
    val_fraction: float = Field(default=0.1, gt=0, le=0.5, description="config.data.val_fraction")
    skip_bad: bool = Field(default=False, description="config.data.skip_bad")


@dataclass(frozen=True)
class Split:
    """n samples. x: image [n C H W], sequence [n L Q] or vector [n D], in a type that holds the
    values of the file exactly (see `number_type`); Rows if the values stay on disk.

    y: classes [n] int64, or values [n D] float64 or float32. lengths: valid steps [n], None if no
    sequence is padded. names: the origin of each sample (a path, a row); empty if samples are
    named by their index. digests: one hash [n] per sample, if the source computed it from more
    than x holds, as from pictures before resizing (see `duplicates`). weights: how much each sample
    counts in the loss and in every metric [n] float64, not negative; None if all count alike.
    """

    x: np.ndarray | Rows
    y: np.ndarray
    lengths: np.ndarray | None = None
    names: tuple[str, ...] = ()
    digests: np.ndarray | None = None
    weights: np.ndarray | None = None

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
            None if self.weights is None else self.weights[indices],
        )


@dataclass(frozen=True)
class Raw:
    """The data that a source loads. The test split is fixed; val is None unless the source has
    its own validation split.

    notes: what the source did to the data (resized, converted, left out), for the user.
    unit: of the values, in regression and forecasting. log: values are positive and grow by
    factors, so they are modelled as logarithms. season: steps in one period of a series (0: none).
    left_out: bad samples that were left out because the user asked for it. white: (black, white) of
    images in their own values, if the source knows them; None: by type (see `pixel_range`). levels:
    how pictures of more than 8 bits are read. otherwise: how the user can read the samples as
    another kind. columns: of a table, one for each number of x; what is learned from training rows
    is still open in them. reading: how the files of a table are read. targets: the names of several
    values to predict, in order. panel: of series that the source has standardised.
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
    notes: tuple[Text, ...] = ()
    left_out: tuple[Bad, ...] = ()
    white: tuple[float, float] | None = None
    levels: Levels = BY_TYPE
    otherwise: Sentence = ""
    columns: tuple[Column, ...] = ()
    reading: Reading | None = None
    targets: tuple[str, ...] = ()
    panel: Panel | None = None


@dataclass(frozen=True)
class Source:
    """A data source: its Config, its load function and a one-line summary.

    data_in: the path suffixes (or "folder") that this source reads; .gz does not count.
    recognises: whether a path with such a suffix is surely for this source, by what is in it; None
    if its content says nothing, as of every path where there is no function. rank: of several
    sources that read a path and take all fields that are given, the one of the lowest rank is used.
    address: the field that takes what stands after the name and a colon (hf:OWNER/NAME). settle:
    fills fields that only the data can fill, such as the revision of a data set on the net, before
    they are loaded and stored in the recipe. objects: reads Python objects that a caller passes.
    """

    config: type[DataConfig]
    load: Callable[[Any], Raw]
    summary: Sentence
    data_in: tuple[str, ...] = ()
    recognises: Callable[[Path], bool | None] | None = None
    rank: int = 0
    address: str = ""
    settle: Callable[[Any], DataConfig] | None = None
    objects: Callable[[Any, Any], Raw] | None = None


@dataclass(frozen=True)
class Dataset:
    """Three splits and their Card. left_out: bad samples that the user chose to leave out."""

    card: Card
    train: Split
    val: Split
    test: Split
    left_out: tuple[Bad, ...] = ()

    def arrays(self, split: Split) -> "Split | TableArrays":
        """A split as a baseline reads it: as it is, or a table with its features."""
        columns = self.card.columns
        if not columns:
            return split
        if self.card.kind == "sequence":
            return replace(split, x=steps.features(columns, split.x[:], split.lengths))
        return TableArrays.of(columns, split.x, split.y, split.weights)


def view_for(kind: Kind, reads: Sequence[Kind], otherwise: Sentence) -> View:
    """The view of samples of `kind` for a model that `reads` these kinds.

    image -> rows: H steps of W*C features. image or sequence -> vector. otherwise: how the user
    can read the data as another kind, for the error message. Raises DataError if no view fits.
    """
    # From the view that keeps most of the structure to the one that keeps least.
    if kind in reads:
        return "none"
    if kind == "image" and "sequence" in reads:
        return "rows"
    if "vector" in reads:
        return "vector"
    raise DataError(
        text("data.view.none", reads=tuple(reads), kind=kind),
        do=text("data.view.none.do.otherwise", otherwise=otherwise)
        if otherwise
        else text("data.view.none.do"),
    )


def split_dataset(
    raw: Raw, *, reads: Sequence[Kind], scale: Scale, val_fraction: float, seed: int
) -> Dataset:
    """Draw the validation split from the training data by seed, and compute the Card.

    A source's own validation split is used unchanged. Raises DataError for data that no model can
    be trained on (see `check`).
    """
    check(raw)
    train, val = _with_validation(raw, val_fraction, seed)
    if any(one.weights is not None and not one.weights.any() for one in (train, val)):
        raise DataError(text("data.weights.drawn", name=raw.name, fraction=val_fraction))
    train, val, test = (
        replace(split, digests=digests(split, raw.target)) for split in (train, val, raw.test)
    )
    whole = arranged(raw, train, val, test, reads=reads, scale=scale)
    about = {
        "fingerprint": fingerprint(raw),
        "notes": _notes(raw, {"train": whole.train, "val": whole.val, "test": whole.test}),
    }
    return replace(whole, card=whole.card.model_copy(update=about))


def arranged(
    raw: Raw, train: Split, val: Split, test: Split, *, reads: Sequence[Kind], scale: Scale
) -> Dataset:
    """Splits of data that are checked already, and their Card, which has no fingerprint and no
    notes. Raises DataError if no view fits the model."""
    # Only training samples: statistics of validation or test would leak into the model's input.
    columns: tuple[Column, ...] = ()
    if raw.columns:
        columns, xs = steps.fitted(raw.columns, [(s.x, s.lengths) for s in (train, val, test)])
        train, val, test = (replace(s, x=x) for s, x in zip((train, val, test), xs, strict=True))
    origin, mean, std, low, high = learned = _moments(raw, train, scale)
    y_mean, y_std = _target_moments(raw, train, learned)
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
        fingerprint="",
        notes=(),
        origin=origin,
        stored=train.x.dtype.name,  # type: ignore[arg-type]  # checked by the Card
        pixels=(raw.white or pixel_range(train.x.dtype, low, high))
        if raw.kind == "image"
        else None,
        levels=raw.levels,
        columns=columns,
        reading=raw.reading,
        targets=raw.targets,
        panel=raw.panel,
    )
    return Dataset(card, train, val, test, raw.left_out)


def _with_validation(raw: Raw, fraction: float, seed: int) -> tuple[Split, Split]:
    """Training and validation: the source's own, else drawn by seed. Raises DataError."""
    if raw.val is not None:
        return raw.train, raw.val
    rest, drawn = splitting.stratified(raw.train.y, fraction, seed)
    if not len(drawn):
        raise DataError(
            text("data.check.no_validation", name=raw.name),
            do=text("data.check.no_validation.do"),
        )
    return raw.train.take(rest), raw.train.take(drawn)


def digests(split: Split, target: Target) -> np.ndarray:
    """One hash [n] per sample, equal for duplicates."""
    if split.digests is not None:
        return split.digests
    # Values to predict often repeat, so there a duplicate must also have the same target.
    return duplicates.digests(split.x, split.lengths, None if target == "class" else split.y)


def _notes(raw: Raw, splits: dict[str, Split]) -> tuple[Text, ...]:
    """The notes on the data for the user: the source's own notes, then warnings."""
    notes = list(raw.notes)
    if raw.left_out:
        notes.append(note(raw.left_out, sum(map(len, splits.values())) + len(raw.left_out)))
    if raw.target == "class":
        notes += _absent(raw, splits)
    if raw.columns:  # the cells of a table are compared by its own probes
        return (*notes, *_duplicates(raw, splits))
    parts = {name: (split.x, split.lengths) for name, split in splits.items()}
    return (*notes, *splitting.warnings(parts), *_duplicates(raw, splits))


def _absent(raw: Raw, splits: dict[str, Split]) -> Iterator[Text]:
    """One note for each split that lacks some classes, with their names."""
    present = {part: set(np.unique(split.y).tolist()) for part, split in splits.items()}
    for part in ("train", "val", "test"):
        # A class that training lacks is reported once, not again for validation and test.
        expected = present["train"] if part != "train" else set(range(len(raw.classes)))
        missing = [raw.classes[i] for i in sorted(expected - present[part])]
        if missing:
            yield text(f"data.note.absent.{part}", classes=listed(missing[:SHOWN], len(missing)))


def _duplicates(raw: Raw, splits: dict[str, Split]) -> list[Text]:
    return duplicates.notes(
        raw.kind,
        raw.target,
        {part: digests(split, raw.target) for part, split in splits.items()},
        {part: split.y for part, split in splits.items()},
        {part: split.names for part, split in splits.items()},
    )


def check(raw: Raw) -> None:
    """Raise one DataError with all problems of data that no model can be trained on."""
    problems: list[Text] = []
    all_parts = (("train", raw.train), ("val", raw.val), ("test", raw.test))
    for part, split in all_parts:
        if split is None:
            continue
        name = text(f"data.split.{part}")
        if not len(split):
            problems.append(text("data.check.empty", split=name))
            continue
        if len(split.x) != len(split.y):
            counts = {"count": len(split.x), "targets": len(split.y)}
            problems.append(text("data.check.counts", split=name, **counts))
        if split.weights is not None and len(split) and not split.weights.any():
            problems.append(text("data.weights.zero.split", split=name))
        if not raw.columns:  # an empty cell of a table is nan
            problems += _not_finite(name, "x", split.x, split.lengths, split.names)
        problems += _not_finite(name, "y", split.y, None, split.names)
    if raw.target == "class" and len(raw.train):
        present = np.unique(raw.train.y)
        if len(present) < 2:
            problems.append(text("data.check.one_class", name=raw.classes[int(present[0])]))
        for part, split in (("val", raw.val), ("test", raw.test)):
            absent = sorted(set(np.unique(split.y if split else [])) - set(present))
            names = tuple(repr(raw.classes[int(i)]) for i in absent)
            if absent:
                name = text(f"data.split.{part}")
                problems.append(text("data.check.absent", split=name, names=names))
    parts = {name: (s.x, s.lengths) for name, s in all_parts if s is not None and len(s)}
    problems += splitting.unit_mismatches(parts) if "train" in parts else ()
    if problems:
        raise DataError(text("data.check.unusable", name=raw.name), items=problems)


def _not_finite(
    split: Text,
    array: str,
    values: np.ndarray | Rows,
    lengths: np.ndarray | None,
    names: tuple[str, ...],
) -> Iterator[Text]:
    """One line for each sample with values that are not finite or too large."""
    for index, reason in unusable(values, lengths):
        where = {"split": split, "array": array, "index": index, "reason": reason}
        if names:
            yield text("data.check.sample.named", **where, name=names[index])
        else:
            yield text("data.check.sample", **where)


def _moments(raw: Raw, train: Split, scale: Scale) -> Moments:
    """What is learned of the samples, if not their columns or their series hold it."""
    if raw.columns or raw.panel:
        return NO_MOMENTS
    return moments(train.x, train.lengths, scale, raw.log)


def _target_moments(
    raw: Raw, train: Split, x: Moments
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(mean, std) of the targets in raw units. x: the moments of the samples."""
    if raw.target == "class":
        return (), ()
    if raw.target == "forecast":
        # x and y are steps of one series, so both must be scaled by the same numbers.
        return raw.panel.of_targets if raw.panel else (x.absolute, x.std)
    result = moments(train.y, None, "standard", log=False)
    return result.absolute, result.std


def fingerprint(raw: Raw) -> str:
    """SHA-256 of the values, types and shapes of every split, and of the class names in order."""
    what: tuple[object, ...] = (raw.kind, raw.target, raw.classes, raw.unit)
    if raw.columns:
        what += tuple((column.name, column.kind, column.levels) for column in raw.columns)
    digest = hashlib.sha256(repr(what).encode())
    for split in (raw.train, raw.val, raw.test):
        for array in () if split is None else (split.x, split.y, split.lengths, split.weights):
            if array is None:
                continue
            # Type and shape too: the same bytes can be different arrays.
            digest.update(repr((array.dtype.str, array.shape)).encode())
            for _, block in blocks(array):
                digest.update(np.ascontiguousarray(block).tobytes())
    return digest.hexdigest()
