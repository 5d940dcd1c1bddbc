"""Targets as they are stored, brought to class numbers or to values."""

import numpy as np

from etude.data.numpy_files import KINDS
from etude.errors import DataError
from etude.shapes import Target

SHOWN = 12
Answers = tuple[dict[str, np.ndarray], Target, tuple[str, ...], list[str]]


def targets(stored: dict[str, np.ndarray], names: tuple[str, ...], path: str) -> Answers:
    """({split: y}, target, classes, notes). Floats are values [n D] float32, also whole ones; whole
    numbers, truth values and text are classes [n] int64, numbered in sorted order.

    names: of the classes, where they are given. Raises DataError naming every bad array.
    """
    told = {split: f"y_{split}".rstrip("_") for split in stored}
    kinds = {y.dtype.kind for y in stored.values()}
    problems = [
        f"{told[split]}: holds {KINDS.get(y.dtype.kind, str(y.dtype))}"
        for split, y in stored.items()
        if y.dtype.kind not in "biufUS"
    ]
    if not problems and "f" in kinds and len(kinds) > 1:
        problems = [f"{told[s]}: {y.dtype}; all floats, or none" for s, y in stored.items()]
    for split, y in stored.items():
        if y.ndim not in (1, 2) or (y.dtype.kind != "f" and y.size != len(y)):
            hint = "; for classes one number each is expected, one-hot rows are y.argmax(1)"
            problems.append(f"{told[split]}: has shape {list(y.shape)}{hint * (y.ndim == 2)}")
    if problems:
        raise DataError(f"{path}: these targets cannot be used.", items=problems)
    if kinds == {"f"}:
        return _values(stored, path)
    return _classes({split: np.array(y).reshape(-1) for split, y in stored.items()}, names, path)


def _values(stored: dict[str, np.ndarray], path: str) -> Answers:
    values = {split: np.array(y).reshape(len(y), -1) for split, y in stored.items()}
    widths = sorted({y.shape[1] for y in values.values()})
    if len(widths) > 1:
        many = f"the splits have {' and '.join(map(str, widths))} values a sample"
        raise DataError(f"{path}: these targets cannot be used.", items=[f"y: {many}"])
    return {split: y.astype(np.float32) for split, y in values.items()}, "value", (), []


def _classes(stored: dict[str, np.ndarray], names: tuple[str, ...], path: str) -> Answers:
    if any(y.dtype.kind in "US" for y in stored.values()):
        stored = {split: _text(y) for split, y in stored.items()}
    every, counts = np.unique(np.concatenate(list(stored.values())), return_counts=True)
    if len(every) > 2 and counts.max() == 1:
        raise DataError(
            f"{path}: every one of the {len(every)} labels in y occurs once only.",
            do="Values to predict are saved as floats: y.astype(np.float32).",
        )
    labels: list[str] = [str(label) for label in every]
    notes = []
    order = list(range(len(labels)))  # class number of each label
    known = tuple(labels)
    if names:
        known, order = names, _named(labels, names, every.dtype.kind, path)
    elif every.dtype.kind in "iu" and labels != [str(i) for i in range(len(labels))]:
        shown = ", ".join(labels[:SHOWN]) + " ..." * (len(labels) > SHOWN)
        notes.append(f"labels {shown} are the classes 0 to {len(labels) - 1}")
    numbers = np.array(order, np.int64)
    found = {split: numbers[np.searchsorted(every, y)] for split, y in stored.items()}
    return found, "class", known, notes


def _text(y: np.ndarray) -> np.ndarray:
    if y.dtype.kind == "S":
        return np.array([label.decode("utf-8", "replace") for label in y.tolist()], np.str_)
    return y.astype(np.str_)


def _named(labels: list[str], names: tuple[str, ...], kind: str, path: str) -> list[int]:
    """The class number of each label, for given names. Raises DataError if they do not fit."""
    if len(set(names)) < len(names):
        raise DataError(f"{path}: the classes name one twice: {', '.join(names)}.")
    if kind == "U":
        unknown = [label for label in labels if label not in names]
        if unknown:
            raise DataError(
                f"{path}: y has labels that the classes do not name.", items=map(repr, unknown)
            )
        return [names.index(label) for label in labels]
    if kind in "iu" and all(0 <= int(label) < len(names) for label in labels):
        return [int(label) for label in labels]
    if len(labels) == len(names):
        return list(range(len(labels)))
    raise DataError(
        f"{path}: {len(names)} classes are named, but y has {len(labels)} labels: "
        f"{', '.join(labels[:SHOWN])}."
    )
