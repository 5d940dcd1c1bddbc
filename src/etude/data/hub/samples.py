"""The rows of all splits in one sequence, with their targets: what pictures and lists of numbers
have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from etude.data.hub.roles import Column
from etude.data.labels import Answers, Labels, targets
from etude.data.names import class_name
from etude.data.splits import stratified
from etude.errors import DataError, plain
from etude.locale.texts import Text, text

TEST = 0.2
"""Share of the training rows that is the test split where the data have none."""


@dataclass(frozen=True)
class Part:
    """The rows of one split whose target is known. name: of the split in the data set; rows: their
    indices in it [n]; y: their targets [n] as they are stored, classes by their names."""

    name: str
    data: Any
    rows: np.ndarray
    y: np.ndarray

    def take(self, which: np.ndarray) -> "Part":
        """Some of these rows."""
        return Part(self.name, self.data, self.rows[which], self.y[which])

    def labels(self) -> list[str]:
        """What each row is called."""
        return [f"{self.name}/{row}" if self.name else str(row) for row in self.rows.tolist()]


def known_parts(
    splits: Mapping[str, Any], parts: Mapping[str, str], target: Column, where: str
) -> tuple[dict[str, Part], list[Text]]:
    """({"train", "val", "test" or "": rows with a target}, notes). parts: what each split is for.
    Raises DataError if no training row has a target."""
    by_part, notes = {}, []
    for name, part in parts.items():
        values = splits[name].with_format("arrow")[:][target.name].to_pylist()
        y = [_answer(value, target) for value in values]
        rows = np.array([i for i, value in enumerate(y) if value is not None], np.int64)
        if len(rows) < len(y):
            about = {"column": plain(target.name), "count": len(y) - len(rows), "total": len(y)}
            notes.append(text("data.note.hub.unlabelled", split=plain(name) or where, **about))
        if len(rows):
            by_part[part] = Part(name, splits[name], rows, np.array([y[i] for i in rows.tolist()]))
    if not {"", "train"} & set(by_part):
        raise DataError(
            text("data.hub.unlabelled", path=where, columns=(plain(target.name),)),
            do=text("data.hub.unlabelled.do"),
        )
    return by_part, notes


def _answer(value: Any, target: Column) -> Any:
    """A target; None if it is not known, which a class says by a number below zero."""
    if value is None or value != value:
        return None
    if not target.names:
        return value
    return target.names[value] if 0 <= value < len(target.names) else None


def answers(parts: Mapping[str, Part], target: Column, where: str, labels: Labels) -> Answers:
    """The targets of each part as numbers: see `labels.targets`. Raises DataError."""
    stored = {name: part.y for name, part in parts.items()}
    return targets(stored, tuple(map(class_name, target.names)), where, labels)


def with_test(
    parts: dict[str, Part], y: Mapping[str, np.ndarray], seed: int
) -> tuple[dict[str, Part], dict[str, np.ndarray], list[Text]]:
    """(parts, their targets, notes) with a fifth of the training rows, drawn by seed, as the test
    split if there is none."""
    base = "" if "" in parts else "train"
    if "test" in parts:
        return parts, dict(y), []
    first, second = stratified(y[base], TEST, seed)
    whole = parts[base]
    rest = {name: part for name, part in parts.items() if name != base}
    more = {name: y[name] for name in rest}
    note = text("data.note.drawn", count=len(second), total=len(whole.rows))
    divided = {"train": whole.take(first), "test": whole.take(second), **rest}
    return divided, {"train": y[base][first], "test": y[base][second], **more}, [note]
