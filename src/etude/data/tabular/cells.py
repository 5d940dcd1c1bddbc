"""The cells of one column while a table is read: as text by number, as numbers, as moments of time.

A table is read once and its text is not kept, so a column is held in each form that all of its
cells have so far. What it becomes is decided at the end: see `columns`.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from math import nan
from typing import Literal

import numpy as np

from etude.data.spill import Store, Stored, joined
from etude.data.tabular.dates import FORMS, Form, offset_of, seconds_of
from etude.data.tabular.dialect import Sign, number_parser
from etude.data.tabular.units import NONE, Unit, parser, unit_of

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


Stated = Literal["", "text", "category", "date"]
"""What the type of a column in its file says: "" if the cells alone decide. Text may be dates, but
neither text nor a category is numbers, whatever its characters."""


class _Places(dict[str, int]):
    """The number of each text, in the order in which they were first asked for. strip: blanks
    around a text do not count. texts: by number."""

    def __init__(self, strip: bool) -> None:
        super().__init__()
        self.strip = strip
        self.texts: list[str] = []

    def __missing__(self, key: str) -> int:
        cell = key.strip() if self.strip else key
        if cell != key:
            self[key] = number = self[cell]
            return number
        self[key] = number = len(self.texts)
        self.texts.append(key)
        return number


class _Moments(Mapping[Form, np.ndarray]):
    """The moments of a column by form, put together when they are asked for."""

    def __init__(self, parts: Mapping[Form, Callable[[], np.ndarray]]) -> None:
        self.parts = parts

    def __getitem__(self, form: Form) -> np.ndarray:
        return self.parts[form]()

    def __iter__(self) -> Iterator[Form]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)


class Cells:
    """One column. Call `add` with the cells of successive rows and `close` after the last. blanks:
    whether the cells may have blanks around them, which then do not count. store: holds what is too
    large for memory.

    codes: for each row the number of its text in `levels`, which counts how often each text occurs,
    in the order of their first row; None if there are too many. numbers: for each row its value,
    nan if missing; None if the column is surely not of numbers. odd: the cells that are no number,
    by row (the first MOST_ODD of `odd_count`); infinite: those beyond LARGEST. moments:
    for each form of dates that all cells so far have, the seconds since 1970 in each row, nan if
    missing. unit: of the numbers, as the first filled cell has it; None before that. stated: what
    the file says about the type; refused: the name of a type whose values no rule can read, "" for
    all others. offsets: of the moments in ISO form to UTC, in seconds [n], nan where there is
    none; aware: which of them have one [n].
    zone, unplaced: see `moments.place`. Codes, numbers and moments are put together at each access.

    As long as there are few different texts, each is read as a number and as a date only once.
    """

    def __init__(
        self,
        decimal: Sign,
        missing: frozenset[str],
        store: Store | None = None,
        *,
        blanks: bool = False,
    ) -> None:
        self.parse, self.missing = number_parser(decimal), missing
        self.unit: Unit | None = None
        # Python reads 1_000 as a number, which no table does, and 1.500 as less than two, which
        # with a decimal comma are thousands.
        self._foreign = "_" if decimal == "." else "_."
        self._numbers_missing = _as_numbers(missing)
        self.store = store or Store()
        self.blanks = blanks
        self.count = 0
        self.levels: dict[str, int] = {}
        self.odd: list[tuple[int, str]] = []
        self.odd_count = 0
        self.infinite: list[tuple[int, str]] = []
        self.stated: Stated = ""
        self.refused = ""
        self.zone = ""
        self.unplaced: dict[Form, list[tuple[int, str, str]]] = {}
        self._place: _Places | None = _Places(blanks)
        self._codes: list[Stored] = []
        self._numeric = self._whole = True
        self._faulty = False
        # By number of a text, while there are codes; by row afterwards.
        self._by_level = True
        self._level_numbers, self._level_faults = array("d"), bytearray()
        self._level_moments: dict[Form, array[float]] = {name: array("d") for name in FORMS}
        self._level_offsets = array("f")
        self._numbers: list[Stored] = []
        self._moments: dict[Form, list[Stored]] = {}
        self._offsets: list[Stored] = []

    def add(self, cells: Sequence[str]) -> None:
        """Add the cells of the next rows."""
        if self._place is not None:
            self._add_codes(cells, self._place)
        else:
            if self._numeric:
                self._add_numbers(cells)
            for name in tuple(self._moments):
                self._add_dates(name, cells)
        self.count += len(cells)

    def close(self) -> None:
        """Count the levels, and put the blocks together that are in memory."""
        if self._place is not None:
            size = len(self._place.texts)
            counts = np.zeros(size, np.int64)
            for part in self._codes:
                counts += np.bincount(part[:], minlength=size)
            self.levels = dict(zip(self._place.texts, counts.tolist(), strict=True))
        self._codes = _one(self._codes, np.int32)
        self._numbers = _one(self._numbers, np.float64)
        self._moments = {name: _one(parts, np.float64) for name, parts in self._moments.items()}
        self._offsets = _one(self._offsets, np.float32)

    @property
    def codes(self) -> np.ndarray | None:
        """For each row the number of its text in `levels`."""
        return None if self._place is None else joined(self._codes, np.int32)

    @property
    def numbers(self) -> np.ndarray | None:
        """For each row its value."""
        if not self._numeric:
            return None
        if self._by_level:
            return self._by_row(np.array(self._level_numbers))
        return joined(self._numbers, np.float64)

    @property
    def moments(self) -> Mapping[Form, np.ndarray]:
        """For each form of dates the seconds in each row."""
        if self._by_level:
            levels = self._level_moments
            return _Moments({f: partial(self._by_row, np.array(levels[f])) for f in levels})
        rows = self._moments
        return _Moments({f: partial(joined, parts, np.float64) for f, parts in rows.items()})

    @property
    def offsets(self) -> np.ndarray | None:
        """The offsets of moments in ISO form [n]; None if there are no such moments."""
        if "iso" not in self.moments:
            return None
        if self._by_level:
            return self._by_row(np.array(self._level_offsets))
        return joined(self._offsets, np.float32)

    @property
    def aware(self) -> np.ndarray | None:
        """Which moments in ISO form have an offset to UTC [n]; None if there are none."""
        offsets = self.offsets
        return None if offsets is None else ~np.isnan(offsets)

    def place(self, form: Form, seconds: np.ndarray) -> None:
        """Other moments for the dates of one form, of a closed column."""
        if self._by_level:
            self._keep_rows(self.numbers, dict(self.moments), self.offsets)
        self._moments[form] = [self.store.put(seconds)]

    def _keep_rows(
        self,
        numbers: np.ndarray | None,
        moments: Mapping[Form, np.ndarray],
        offsets: np.ndarray | None,
    ) -> None:
        """Hold the numbers and moments of a closed column by row."""
        self._by_level, self._numeric = False, numbers is not None
        self._numbers = [] if numbers is None else [self.store.put(numbers)]
        self._moments = {form: [self.store.put(rows)] for form, rows in moments.items()}
        self._offsets = [] if offsets is None else [self.store.put(offsets)]

    @classmethod
    def together(cls, parts: Sequence["Cells"]) -> "Cells":
        """One closed column of the rows of several, in each form that all of them have."""
        whole = cls(".", frozenset(), parts[0].store)
        units = {part.unit: part for part in parts if part.unit is not None}
        first = next(iter(units.values()), parts[0])
        whole.parse, whole.missing, whole.unit = first.parse, first.missing, first.unit
        for part in parts:
            start, room = whole.count, MOST_ODD - len(whole.odd)
            whole.odd += [(start + row, cell) for row, cell in part.odd[:room]]
            whole.odd_count += part.odd_count
            whole.infinite += [(start + row, cell) for row, cell in part.infinite]
            whole.count += part.count
        numbers = [part.numbers for part in parts]
        dense = [values for values in numbers if values is not None]
        all_numbers = None
        # Numbers in two units are no column of numbers.
        alike = len(units) <= 1 and whole.odd_count <= MOST_ODD
        if len(dense) == len(parts) and alike:
            all_numbers = np.concatenate(dense)
        forms = [form for form in FORMS if all(form in part.moments for part in parts)]
        offsets = [part.offsets for part in parts if part.offsets is not None]
        whole._keep_rows(
            all_numbers,
            {form: np.concatenate([part.moments[form] for part in parts]) for form in forms},
            np.concatenate(offsets) if len(offsets) == len(parts) else None,
        )
        whole._take_codes(parts, all_numbers)
        return whole

    def _take_codes(self, parts: Sequence["Cells"], numbers: np.ndarray | None) -> None:
        """The texts of all rows, unless there are too many, as in one file of all rows."""
        place = _Places(False)
        for part in parts:
            if part.codes is None:
                self._place = None
                return
            for level, count in part.levels.items():
                self.levels[level] = self.levels.get(level, 0) + count
            table = np.array([place[level] for level in part.levels], np.int32)
            codes = table[part.codes] if part.count else np.empty(0, np.int32)
            self._codes.append(self.store.put(codes))
        fractions = numbers is not None and bool((numbers % 1 > 0).any())
        if len(place.texts) > (MOST_FRACTIONS if fractions else MOST_LEVELS):
            self.levels, self._place, self._codes = {}, None, []
        else:
            self._place = place

    def _by_row(self, by_level: np.ndarray) -> np.ndarray:
        return np.asarray(by_level[joined(self._codes, np.int32)])

    def _add_codes(self, cells: Sequence[str], place: _Places) -> None:
        known = len(place.texts)
        codes = np.fromiter(map(place.__getitem__, cells), np.int32, len(cells))
        fresh = place.texts[known:]
        self._codes.append(self.store.put(codes))
        if self._numeric:
            self._number_levels(fresh, codes)
        for name in tuple(self._level_moments):
            try:
                self._level_moments[name].extend(seconds_of(name, fresh))
            except (ValueError, OverflowError):
                del self._level_moments[name]
        if "iso" in self._level_moments:
            self._level_offsets.extend(map(offset_of, fresh))
        # Numbers with a fraction are neither codes nor categories, however few there are.
        fractions = self._numeric and not self._whole
        if len(place.texts) > (MOST_FRACTIONS if fractions else MOST_LEVELS):
            self._without_codes()

    def _number_levels(self, fresh: Sequence[str], codes: np.ndarray) -> None:
        """Numbers of the texts that are new; of the rows, those that are no number or too large."""
        values, odd = self._values(fresh)
        faults = np.zeros(len(fresh), np.uint8)
        faults[odd] = 1
        faults[np.abs(values) > LARGEST] = 2
        self._level_numbers.frombytes(values.tobytes())
        self._level_faults += faults.tobytes()
        self._faulty = self._faulty or bool(faults.any())
        if self._faulty:
            assert self._place is not None
            fault, texts = np.frombuffer(bytes(self._level_faults), np.uint8)[codes], self._place
            rows = [np.flatnonzero(fault == kind).tolist() for kind in (1, 2)]
            self._note_odd([(i, texts.texts[codes[i]]) for i in rows[0]])
            self.infinite += [(self.count + i, texts.texts[codes[i]]) for i in rows[1]]
        self._look_at(values)

    def _without_codes(self) -> None:
        """Go on by row, because there are too many different texts."""
        if self._numeric:
            values = np.array(self._level_numbers)
            self._numbers = [self.store.put(values[part[:]]) for part in self._codes]
        for name, seconds in self._level_moments.items():
            values = np.array(seconds)
            self._moments[name] = [self.store.put(values[part[:]]) for part in self._codes]
        if "iso" in self._moments:
            offsets = np.array(self._level_offsets)
            self._offsets = [self.store.put(offsets[part[:]]) for part in self._codes]
        self._place, self._codes, self._by_level = None, [], False
        self._level_numbers, self._level_moments = array("d"), {}
        self._level_offsets = array("f")

    def _add_numbers(self, cells: Sequence[str]) -> None:
        values, odd = self._values(cells)
        self._note_odd([(i, cells[i].strip() if self.blanks else cells[i]) for i in odd])
        for i in np.flatnonzero(np.abs(values) > LARGEST).tolist():
            self.infinite.append((self.count + i, cells[i].strip() if self.blanks else cells[i]))
        self._numbers.append(self.store.put(values))
        self._look_at(values)

    def _values(self, cells: Sequence[str]) -> tuple[np.ndarray, list[int]]:
        """(values [n], the cells that are no number) of cells."""
        try:
            values = np.fromiter(map(float, cells), np.float64, len(cells))
            plain = not any(sign in "".join(cells) for sign in self._foreign)
        except ValueError:
            plain = False
        if plain and not (
            len(self._numbers_missing) and np.isin(values, self._numbers_missing).any()
        ):
            if len(values) and self.unit is None:
                self.unit = NONE
            if not self.unit:
                return values, []
        values, odd = np.full(len(cells), nan), []
        for i, cell in enumerate(cells):
            bare = cell.strip() if self.blanks else cell
            if bare and bare.lower() not in self.missing:
                if self.unit is None:
                    self.unit = unit_of(bare)
                    self.parse = parser(self.unit, self.parse)
                try:
                    values[i] = self.parse(bare)
                except ValueError:
                    odd.append(i)
        return values, odd

    def _note_odd(self, odd: Sequence[tuple[int, str]]) -> None:
        self.odd_count += len(odd)
        room = MOST_ODD - len(self.odd)
        self.odd += [(self.count + i, cell) for i, cell in odd[:room]]

    def _look_at(self, values: np.ndarray) -> None:
        """Whether all numbers are whole so far, and whether this is still a column of numbers."""
        if self._whole:
            known = values[np.isfinite(values)]
            self._whole = bool((known == np.rint(known)).all())
        half = self.odd_count > GIVE_UP and 2 * self.odd_count > self.count
        if half or self.odd_count > MOST_ODD:
            self._numeric, self._numbers, self._level_numbers = False, [], array("d")

    def _add_dates(self, name: Form, cells: Sequence[str]) -> None:
        bare = [cell.strip() for cell in cells] if self.blanks else cells
        try:
            seconds = np.array(seconds_of(name, bare), np.float64)
        except (ValueError, OverflowError):
            del self._moments[name]
        else:
            self._moments[name].append(self.store.put(seconds))
            if name == "iso":
                offsets = np.fromiter(map(offset_of, bare), np.float32, len(bare))
                self._offsets.append(self.store.put(offsets))

    @property
    def zero_first(self) -> bool:
        """Whether a cell is of digits and begins with a zero, as the codes of places do."""
        return any(level[:1] == "0" and level.isdigit() and len(level) > 1 for level in self.levels)

    def filled(self) -> Iterator[str]:
        """The different texts that are not empty, in the order of their first row."""
        return (level for level in self.levels if level)


def _as_numbers(words: frozenset[str]) -> np.ndarray:
    """The words for a missing number that are numbers themselves, such as -999."""
    values = []
    for word in words:
        with suppress(ValueError):
            values.append(float(word))
    return np.array([value for value in values if value == value], np.float64)


def _one(parts: list[Stored], dtype: type) -> list[Stored]:
    """The parts as one array, if all are in memory."""
    here = [part for part in parts if isinstance(part, np.ndarray)]
    return [joined(here, dtype)] if len(here) == len(parts) else parts
