"""Convert stored targets to class numbers or to values."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from etude.data.names import class_name, nearly
from etude.data.numpy_files import KINDS
from etude.errors import DataError
from etude.locale.texts import Text, text
from etude.shapes import Target

SHOWN = 12
FEW, MANY = 20, 20
"""Up to FEW distinct whole numbers stored as floats are probably classes; more than MANY distinct
integers are probably values. In both cases a note names the other reading."""
Labels = Literal["auto", "classes", "values"]
Answers = tuple[dict[str, np.ndarray], Target, tuple[str, ...], list[Text]]


def targets(
    stored: dict[str, np.ndarray], names: tuple[str, ...], path: str, labels: Labels = "auto"
) -> Answers:
    """({split: y}, target, classes, notes). Values are [n D] float64; classes [n] int64, numbered
    in sorted order. labels: which of the two; auto: floats are values, even whole ones; integers,
    booleans and text are classes.

    names: of the classes; empty if the user did not name them. Raises DataError with every bad
    array.
    """
    array_name = {split: f"y_{split}".rstrip("_") for split in stored}
    kinds = {y.dtype.kind for y in stored.values()}
    values = labels == "values" or (labels == "auto" and "f" in kinds)
    problems = [
        text(
            "data.labels.holds",
            array=array_name[split],
            kind=KINDS.get(y.dtype.kind, str(y.dtype)),
        )
        for split, y in stored.items()
        if y.dtype.kind not in ("biuf" if labels == "values" else "biufUS")
    ]
    if not problems and labels == "auto" and "f" in kinds and len(kinds) > 1:
        problems = [
            text("data.labels.floats", array=array_name[s], type=y.dtype) for s, y in stored.items()
        ]
    for split, y in stored.items():
        if y.ndim not in (1, 2) or (not values and y.size != len(y)):
            name, shape = array_name[split], str(list(y.shape))
            problems.append(
                text("data.labels.one_hot", array=name, shape=shape)
                if y.ndim == 2
                else text("data.labels.shape", array=name, shape=shape)
            )
        elif not values and y.dtype.kind == "f" and not _whole(y).all():
            count = int((~_whole(y)).sum())
            problems.append(text("data.labels.fractions", array=array_name[split], count=count))
    if problems:
        raise DataError(text("data.labels.unusable", path=path), items=problems)
    if values:
        return _values(stored, path, guessed=labels == "auto")
    flat = {split: np.array(y).reshape(-1) for split, y in stored.items()}
    if "f" in kinds:
        flat = {split: y.astype(np.int64) for split, y in flat.items()}
    return _classes(flat, names, path, guessed=labels == "auto")


def _whole(y: np.ndarray) -> np.ndarray:
    # Beyond 2**53 every float64 is whole, so there it says nothing about classes.
    return np.asarray((np.abs(y) < 2**53) & (y == np.rint(y)))


def _values(stored: dict[str, np.ndarray], path: str, guessed: bool) -> Answers:
    values = {split: np.array(y).reshape(len(y), -1) for split, y in stored.items()}
    widths = sorted({y.shape[1] for y in values.values()})
    if len(widths) > 1:
        many = text("data.labels.widths", widths=widths)
        raise DataError(text("data.labels.unusable", path=path), items=[many])
    notes: list[Text] = []
    if guessed and widths == [1]:
        every = np.unique(np.concatenate(list(values.values())))
        if len(every) <= FEW and _whole(every).all():
            numbers = _some([f"{value:g}" for value in every.tolist()])
            notes.append(text("data.note.labels.values", count=len(every), numbers=numbers))
    # 64-bit integers beyond 2**53 are rounded here: a target does not need more than 16 digits.
    return {split: y.astype(np.float64) for split, y in values.items()}, "value", (), notes


def _classes(
    stored: dict[str, np.ndarray], names: tuple[str, ...], path: str, guessed: bool
) -> Answers:
    if any(y.dtype.kind in "US" for y in stored.values()):
        stored = {split: _text(y) for split, y in stored.items()}
    # Over all splits together, so that a class has the same number in each.
    every, counts = np.unique(np.concatenate(list(stored.values())), return_counts=True)
    if len(every) > 2 and counts.max() == 1:
        raise DataError(
            text("data.labels.distinct", path=path, count=len(every)),
            do=text("data.labels.distinct.do"),
        )
    labels: list[str] = [str(label) for label in every]
    notes: list[Text] = []
    order = list(range(len(labels)))  # class number of each label
    classes = tuple(labels)
    if names:
        names = tuple(map(class_name, names))
        classes, (order, notes) = names, _named(labels, names, every.dtype.kind, path)
    elif every.dtype.kind in "iu" and labels != [str(i) for i in range(len(labels))]:
        notes.append(text("data.note.labels.numbered", labels=_some(labels), last=len(labels) - 1))
    if guessed and every.dtype.kind in "iu" and len(every) > MANY and not names:
        notes.append(text("data.note.labels.classes", count=len(every)))
    if every.dtype.kind == "U":
        for i, label in enumerate(labels):
            like = nearly(label, labels[:i])
            if like:
                notes.append(text("data.note.alike", one=like, other=label))
    numbers = np.array(order, np.int64)
    # np.unique sorts, so a binary search finds each label.
    targets = {split: numbers[np.searchsorted(every, y)] for split, y in stored.items()}
    return targets, "class", classes, notes


def _some(labels: Sequence[str | Text]) -> tuple[str | Text, ...]:
    return (*labels[:SHOWN], "...") if len(labels) > SHOWN else tuple(labels)


def _pairs(labels: Sequence[object], names: Sequence[str]) -> tuple[str | Text, ...]:
    """Which label is which class."""
    return _some(
        [text("data.note.label", label=str(n), name=name) for n, name in zip(labels, names)]
    )


def _text(y: np.ndarray) -> np.ndarray:
    if y.dtype.kind == "S":
        y = np.array([label.decode("utf-8", "replace") for label in y.tolist()], np.str_)
    return np.array([class_name(label) for label in y.astype(np.str_).tolist()], np.str_)


def _named(
    labels: list[str], names: tuple[str, ...], kind: str, path: str
) -> tuple[list[int], list[Text]]:
    """(class number of each label, notes) for the user's class names. kind: the dtype kind of the
    labels. Integers count from 0, or from 1 if only that matches the names. Raises DataError if
    labels and names do not match."""
    if len(set(names)) < len(names):
        raise DataError(text("data.labels.twice", path=path, names=names))
    if kind == "U":
        unknown = [label for label in labels if label not in names]
        if unknown:
            hints = [(label, nearly(label, names)) for label in unknown]
            raise DataError(
                text("data.labels.unknown", path=path),
                items=[
                    text("data.labels.unknown.near", label=label, name=like)
                    if like
                    else repr(label)
                    for label, like in hints
                ],
            )
        return [names.index(label) for label in labels], []
    if kind in "iu":
        numbers = [int(label) for label in labels]
        if min(numbers) >= 0 and max(numbers) < len(names):
            return numbers, _doubt(numbers, names)
        if min(numbers) == 1 and max(numbers) == len(names):
            return [n - 1 for n in numbers], [text("data.note.labels.from-1", name=names[0])]
    # Any other labels, say 10, 20, 30: sorted labels are paired with the names in order.
    if len(labels) == len(names):
        pairs = text("data.note.labels.order", pairs=_pairs(labels, names))
        return list(range(len(labels))), [pairs] if kind != "b" else []
    raise DataError(
        text(
            "data.labels.count",
            path=path,
            classes=len(names),
            count=len(labels),
            labels=_some(labels),
        ),
        do=text("data.labels.count.do"),
    )


def _doubt(numbers: list[int], names: tuple[str, ...]) -> list[Text]:
    """A warning if labels may count from 1: no label is 0, although class 0 has a name."""
    if min(numbers) == 0:
        return []
    pairs = _pairs(numbers, [names[n] for n in numbers])
    return [text("data.note.labels.no-0", pairs=pairs, name=names[0])]
