"""The cells of one column while a table is read: as text by number, as numbers, as moments of time.

A table is read once and its text is not kept, so a column is held in each form that all of its
cells have so far. What it becomes is decided at the end: see `columns`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from math import nan
from typing import Literal

import numpy as np

from etude.data.tabular.dialect import Sign, number_parser

MOST_LEVELS, MOST_FRACTIONS = 200_000, 1_000
"""Different texts that a column may have and still be kept as text; the second if all are numbers,
some of them with a fraction."""
GIVE_UP = 1000
"""A column with so many cells that are no number, and as many as are one, is not read as numbers
any further."""
LARGEST = 1e300
"""Numbers beyond it are mistakes; below, the difference of two of them is finite in float64."""
MOST_ODD = 100_000
"""Cells that are no number and are remembered; a column with more of them is none of numbers."""


Moment = Callable[[str], float]
Form = Literal["iso", "dmy", "mdy"]
Stated = Literal["", "text", "category", "date"]
"""What the type of a column in its file says: "" if the cells alone decide. Text may be dates, but
neither text nor a category is numbers, whatever its characters."""
EPOCH = datetime(1970, 1, 1)


def iso(cell: str) -> float:
    """Seconds since 1970 of a date or a time in ISO 8601 form, in UTC if it has an offset.

    Raises ValueError.
    """
    if len(cell) < 8 or not cell[:4].isdigit():
        raise ValueError(cell)
    moment = datetime.fromisoformat(cell)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    if not 1900 <= moment.year <= 2100:
        raise ValueError(cell)
    return (moment - EPOCH).total_seconds()


PARTS = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:[ T](\d{1,2}:\d{2}(?::\d{2})?))?")


def _parts(cell: str, day: int, month: int) -> float:
    match = PARTS.fullmatch(cell)
    if not match:
        raise ValueError(cell)
    year = int(match[4]) + (2000 if len(match[4]) == 2 else 0)
    clock = [int(part) for part in (match[5] or "0:0").split(":")]
    of_day = timedelta(**dict(zip(("hours", "minutes", "seconds"), clock, strict=False)))
    return (datetime(year, int(match[month]), int(match[day])) + of_day - EPOCH).total_seconds()


def day_first(cell: str) -> float:
    """Seconds since 1970 of a date such as 31.12.2024 or 31/12/2024 17:30. Raises ValueError."""
    return _parts(cell, 1, 3)


def month_first(cell: str) -> float:
    """Seconds since 1970 of a date such as 12/31/2024. Raises ValueError."""
    return _parts(cell, 3, 1)


FORMS: dict[Form, Moment] = {"iso": iso, "dmy": day_first, "mdy": month_first}
"""The forms of dates by name."""


class _Places(dict[str, int]):
    """The number of each text, in the order in which they were first asked for."""

    def __missing__(self, key: str) -> int:
        self[key] = number = len(self)
        return number


class Cells:
    """One column. Call `add` with the cells of successive rows, blanks around them removed, and
    `close` after the last.

    codes: for each row the number of its text in `levels`, which counts how often each text occurs,
    in the order of their first row; None if there are too many. numbers: for each row its value,
    nan if missing; None if the column is surely not of numbers. odd: the cells that are no number,
    by row (the first MOST_ODD of `odd_count`); infinite: those beyond LARGEST. moments:
    for each form of dates that all cells so far have, the seconds since 1970 in each row, nan if
    missing. stated: what the file says about the type; refused: the name of a type whose values no
    rule can read, "" for all others. aware: which moments in ISO form have an offset to UTC [n].
    zone, unplaced: see `moments.place`.
    """

    def __init__(self, decimal: Sign, missing: frozenset[str]) -> None:
        self.parse, self.missing = number_parser(decimal), missing
        # Python reads 1_000 as a number, which no table does, and 1.500 as less than two, which
        # with a decimal comma are thousands.
        self._foreign = "_" if decimal == "." else "_."
        self.count = 0
        self.levels: dict[str, int] = {}
        self.codes: np.ndarray | None = None
        self.numbers: np.ndarray | None = None
        self.moments: dict[Form, np.ndarray] = {}
        self.odd: list[tuple[int, str]] = []
        self.odd_count = 0
        self.infinite: list[tuple[int, str]] = []
        self.stated: Stated = ""
        self.refused = ""
        self.aware: np.ndarray | None = None
        self.zone = ""
        self.unplaced: dict[Form, list[tuple[int, str, str]]] = {}
        self._aware: list[np.ndarray] = []
        self._place: _Places | None = _Places()
        self._codes: list[np.ndarray] = []
        self._numbers: list[np.ndarray] | None = []
        self._whole = True
        self._moments: dict[Form, list[np.ndarray]] = {name: [] for name in FORMS}

    def add(self, cells: Sequence[str]) -> None:
        """Add the cells of the next rows."""
        if self._numbers is not None:
            self._number(cells)
        if self._place is not None:
            self._code(cells)
        for name in tuple(self._moments):
            self._date(name, cells)
        self.count += len(cells)

    def close(self) -> None:
        """Put the blocks together."""
        if self._place is not None:
            self.codes = _joined(self._codes, np.int32)
            counts = np.bincount(self.codes, minlength=len(self._place)).tolist()
            self.levels = dict(zip(self._place, counts, strict=True))
        if self._numbers is not None:
            self.numbers = _joined(self._numbers, np.float64)
        self.moments = {name: _joined(parts, np.float64) for name, parts in self._moments.items()}
        if "iso" in self.moments:
            self.aware = _joined(self._aware, bool)
        self._place, self._codes, self._numbers, self._moments = None, [], None, {}
        self._aware = []

    def _code(self, cells: Sequence[str]) -> None:
        place = self._place
        assert place is not None
        self._codes.append(np.fromiter(map(place.__getitem__, cells), np.int32, len(cells)))
        # Numbers with a fraction are neither codes nor categories, however few there are.
        fractions = self._numbers is not None and not self._whole
        if len(place) > (MOST_FRACTIONS if fractions else MOST_LEVELS):
            self._place, self._codes = None, []

    def _number(self, cells: Sequence[str]) -> None:
        assert self._numbers is not None
        try:
            values = np.fromiter(map(float, cells), np.float64, len(cells))
            plain = not any(sign in "".join(cells) for sign in self._foreign)
        except ValueError:
            plain = False
        if not plain:
            checked = [self._value(self.count + i, cell) for i, cell in enumerate(cells)]
            values = np.array(checked, np.float64)
        if (large := np.abs(values) > LARGEST).any():
            rows = np.flatnonzero(large).tolist()
            self.infinite += [(self.count + i, cells[i]) for i in rows]
        if self._whole:
            known = values[np.isfinite(values)]
            self._whole = bool((known == np.rint(known)).all())
        self._numbers.append(values)
        half = self.odd_count > GIVE_UP and 2 * self.odd_count > self.count
        if half or self.odd_count > MOST_ODD:
            self._numbers = None

    def _value(self, row: int, cell: str) -> float:
        if not cell or cell.lower() in self.missing:
            return nan
        try:
            return self.parse(cell)
        except ValueError:
            self.odd_count += 1
            if len(self.odd) < MOST_ODD:
                self.odd.append((row, cell))
            return nan

    def _date(self, name: Form, cells: Sequence[str]) -> None:
        form = FORMS[name]
        try:
            seconds = [form(cell) if cell else nan for cell in cells]
        except (ValueError, OverflowError):
            del self._moments[name]
        else:
            self._moments[name].append(np.array(seconds, np.float64))
            if name == "iso":
                self._aware.append(np.fromiter(map(_has_offset, cells), bool, len(cells)))

    @property
    def zero_first(self) -> bool:
        """Whether a cell is of digits and begins with a zero, as the codes of places do."""
        return any(level[:1] == "0" and level.isdigit() and len(level) > 1 for level in self.levels)

    def filled(self) -> Iterator[str]:
        """The different texts that are not empty, in the order of their first row."""
        return (level for level in self.levels if level)


def _has_offset(cell: str) -> bool:
    """Whether a moment in ISO form says its offset to UTC: 2024-01-31T12:30Z, or +02:00."""
    return len(cell) > 10 and (cell[-1] == "Z" or "+" in cell or "-" in cell[10:])


def _joined(parts: Sequence[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate([*parts, np.empty(0, dtype)], dtype=dtype)
