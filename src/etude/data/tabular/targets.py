"""The column to predict: classes or values, by rules that are said."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from etude.data.names import class_name, nearly
from etude.data.tabular import columns
from etude.data.tabular.cells import Cells
from etude.errors import InvalidValue, plain
from etude.locale.texts import Text, text

SHOWN = 12
LEVELS, ROWS = 20, 10
"""Whole numbers are classes if they have at most LEVELS values, and each ROWS rows."""


@dataclass(frozen=True)
class Goal:
    """The targets of all rows: values [n D] float64, nan where there is none; or classes [n] int64,
    -1 where there is none. names: of their columns. bad: (row, reason) of cells that are not
    targets. unit: of the values, if each cell says it."""

    names: tuple[str, ...]
    target: Literal["class", "value"]
    values: np.ndarray
    classes: tuple[str, ...] = ()
    bad: tuple[tuple[int, Text], ...] = ()
    notes: tuple[Text, ...] = ()
    unit: str = ""

    @property
    def known(self) -> np.ndarray:
        """Which rows have a target [n]."""
        return self.values >= 0 if self.target == "class" else ~np.isnan(self.values).any(1)


def goals_of(
    names: Sequence[str], cells: Sequence[Cells], asked: Literal["auto", "class", "value"]
) -> Goal:
    """The targets of one column, or of several, which are values. Raises InvalidValue."""
    if len(names) == 1:
        return goal_of(names[0], cells[0], asked)
    if asked == "class":
        raise InvalidValue(text("data.target.classes", names=tuple(map(plain, names))))
    goals = [goal_of(name, column, "value") for name, column in zip(names, cells, strict=True)]
    return Goal(
        tuple(names),
        "value",
        np.concatenate([goal.values for goal in goals], axis=1),
        bad=tuple(bad for goal in goals for bad in goal.bad),
        notes=tuple(said for goal in goals for said in goal.notes),
    )


def goal_of(name: str, cells: Cells, asked: Literal["auto", "class", "value"]) -> Goal:
    """The targets of a column. asked: what they are; auto: by their form.

    Text and truth words are classes, numbers with a fraction values; whole numbers are classes if
    there are few of them and each is frequent. Raises InvalidValue for a column that is neither.
    """
    if cells.refused:
        raise InvalidValue(text("data.column.refused", name=plain(name), type=cells.refused))
    numbers = columns.numbers_of(cells)
    if asked == "value" and numbers is None:
        raise InvalidValue(text("data.target.not_numbers", name=plain(name)))
    if asked == "value" or (asked == "auto" and numbers is not None and _is_value(cells, numbers)):
        return _values(name, cells, numbers, asked == "auto")
    if cells.codes is None:
        raise InvalidValue(text("data.target.many", name=plain(name)))
    return _classes(name, cells, numbers, asked == "auto")


def _is_value(cells: Cells, numbers: np.ndarray) -> bool:
    present = numbers[np.isfinite(numbers)]
    different, counts = np.unique(present, return_counts=True)
    if len(different) == 2:
        return False  # two values are classes, also 0.0 and 1.0
    if (present != np.rint(present)).any():
        return True
    return bool(len(different) > LEVELS or counts.min() < ROWS)


def _values(name: str, cells: Cells, numbers: np.ndarray | None, guessed: bool) -> Goal:
    assert numbers is not None
    low, high = np.nanmin(numbers), np.nanmax(numbers)
    notes = [
        text("data.note.table.target.value", name=plain(name), low=f"{low:g}", high=f"{high:g}")
    ]
    if low == high:
        raise InvalidValue(text("data.target.constant", name=plain(name), value=f"{low:g}"))
    missing = int(np.isnan(numbers).sum()) - cells.odd_count
    if missing:
        notes.append(text("data.note.table.target.missing", name=plain(name), count=missing))
    present = np.unique(numbers[np.isfinite(numbers)])
    if guessed and len(present) <= LEVELS and (present == np.rint(present)).all():
        notes.append(text("data.note.table.target.as_class", name=plain(name)))
    return Goal(
        (name,),
        "value",
        numbers.reshape(-1, 1),
        bad=columns.slips(name, cells),
        notes=tuple(notes),
        unit=str(cells.unit or ""),
    )


def _classes(name: str, cells: Cells, numbers: np.ndarray | None, guessed: bool) -> Goal:
    """Classes in order: no before yes, numbers by value, other words by code point."""
    assert cells.codes is not None
    written = list(cells.levels)
    by_level = {level: _class(level, numbers is not None, cells) for level in written if level}
    if len(set(by_level.values())) < 2:
        raise InvalidValue(
            text(
                "data.target.one",
                name=plain(name),
                value=columns.brief(next(iter(by_level.values()), "")),
            )
        )
    counts = dict.fromkeys(by_level.values(), 0)
    for level, count in cells.levels.items():
        if level:
            counts[by_level[level]] += count
    if len(counts) > 2 and max(counts.values()) == 1:
        raise InvalidValue(text("data.target.once", name=plain(name), count=len(counts)))
    order = _ordered(counts, cells, numbers is not None)
    place = {label: i for i, label in enumerate(order)}
    by_code = np.array([place[by_level[level]] if level else -1 for level in written], np.int64)
    values = by_code[cells.codes]
    notes = [
        text(
            "data.note.table.target.class",
            name=plain(name),
            classes=tuple(map(columns.brief, order[:12])),
            count=len(order),
        )
    ]
    if missing := int((values < 0).sum()):
        notes.append(text("data.note.table.target.missing", name=plain(name), count=missing))
    if guessed and numbers is not None and len(order) > 2:
        notes.append(text("data.note.table.target.as_value", name=plain(name)))
    for i, label in enumerate(order):
        if like := nearly(label, order[:i]):
            notes.append(text("data.note.alike", one=plain(like), other=plain(label)))
    return Goal((name,), "class", values, tuple(order), notes=tuple(notes))


def _class(level: str, numeric: bool, cells: Cells) -> str:
    """The name of the class of a text: 1, 1.0 and 01 are one class of a column of numbers."""
    if not numeric or cells.unit:
        return class_name(level)
    try:
        return f"{cells.parse(level):.15g}"
    except ValueError:
        return class_name(level)


def _ordered(counts: dict[str, int], cells: Cells, numeric: bool) -> list[str]:
    if pair := columns.truth_words(cells):
        return [class_name(word) for word in pair]
    if numeric:

        def key(label: str) -> tuple[bool, float, str]:
            try:
                return False, float(label), label
            except ValueError:
                return True, 0.0, label

        return sorted(counts, key=key)
    return sorted(counts)
