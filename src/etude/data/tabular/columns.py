"""What each column of a table is: a decision by rules that are said, stored and replayed.

The rules look at the text of all rows, never at the target. What depends on the values - medians,
ranges, the levels that are kept - is learned later, from training rows alone: see `encode`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from pydantic import Field

from etude.config import Config
from etude.data.spill import Stored
from etude.data.tabular.cells import LARGEST, Cells
from etude.data.tabular.dates import FORMS, Form
from etude.data.tabular.units import NONE
from etude.errors import InvalidValue, plain
from etude.locale.texts import Text, text

Used = Literal["number", "truth", "category", "date"]
Unused = Literal["constant", "id", "text", "drop"]
ColumnKind = Literal[Used, Unused]
USED: tuple[Used, ...] = get_args(Used)
Dates = Literal["auto", Form]
OTHER_ORDER: dict[Form, Form] = {"dmy": "mdy", "mdy": "dmy"}

TRUTH = (
    ("false", "true"), ("f", "t"), ("no", "yes"), ("n", "y"), ("nein", "ja"), ("non", "oui"),
    ("아니오", "예"), ("0", "1"),
)  # fmt: skip
"""Pairs of words for false and true, in lower case."""
LONGEST_PAIR = 16
"""A column with more different texts cannot be two words, however they are capitalised."""
ID_WORDS = frozenset({"id", "uuid", "guid", "key", "nr", "index", "idx", "rowid", "rownumber"})
CODE_WORDS = frozenset({"zip", "zipcode", "postcode", "postal", "postalcode", "plz", "phone",
                        "telephone", "tel", "mobile", "fax", "우편번호", "전화번호"})  # fmt: skip
CODE_LENGTH = 5
NUMERIC = 0.9
"""Share of numbers from which a column is one of numbers, and its other cells are mistakes."""
UNIQUE = 0.95
"""Share of different values from which each row has its own."""
FEWEST = 10
"""With fewer rows, that each has its own value says nothing."""
EXACT = 2**53
"""From here on float64 does not hold every whole number."""
SHOWN = 60
"""Characters of a cell that messages show."""
FEW_LEVELS, FEW_ROWS = 20, 20
"""A whole number with at most FEW_LEVELS values, each in FEW_ROWS rows, may well be a category."""


class Column(Config):
    """One column of a table: what it is, why, and what was learned of it from training rows.

    levels: of a category, those that are kept; of truth values, the words for false and true. form:
    of dates. unit: what stands before and after each number in its cells. empty: training rows
    without a value. middle, width: a number is centred and scaled by these; low, high: its range in
    training. parts: what of a date varies in training.
    """

    name: str
    kind: ColumnKind
    why: Text
    levels: tuple[str, ...] = ()
    form: Literal["", Form] = ""
    unit: tuple[str, str] = ("", "")
    empty: int = Field(default=0, ge=0)
    middle: float = 0.0
    width: float = 1.0
    low: float = 0.0
    high: float = 0.0
    parts: tuple[Literal["year", "week", "day"], ...] = ()

    @property
    def used(self) -> bool:
        """Whether the model reads it."""
        return self.kind in USED

    @property
    def nullable(self) -> bool:
        """Whether a missing value has a feature of its own: only if training had some."""
        return self.empty > 0


def used(columns: Iterable[Column]) -> tuple[Column, ...]:
    """The columns that the model reads, in order."""
    return tuple(column for column in columns if column.used)


@dataclass(frozen=True)
class Typed:
    """A column with its values [n]: numbers, seconds since 1970, or the number of the level; nan
    where there is none. bad: (row, reason) of cells that are not of this kind."""

    column: Column
    values: Stored
    bad: tuple[tuple[int, Text], ...] = ()
    notes: tuple[Text, ...] = ()


def brief(cell: str) -> str:
    """A cell as messages show it: on one line, and only the start of a long one."""
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cell[:SHOWN])
    return shown if len(cell) <= SHOWN else f"{shown}..."


def decide(name: str, cells: Cells, asked: str, dates: Dates) -> Typed:
    """The kind of a column by the first rule that fits, and its values. asked: the kind that the
    user wants; "" to decide. Raises InvalidValue if the user must decide."""
    if cells.refused and asked != "drop":
        raise InvalidValue(text("data.column.refused", name=plain(name), type=cells.refused))
    if asked:
        return _as_asked(name, cells, asked, dates)
    if _is_constant(cells):
        value = next(cells.filled(), "")
        why = (
            text("data.column.constant", value=brief(value)) if value else text("data.column.empty")
        )
        return _unused(name, cells, "constant", why)
    if pair := truth_words(cells):
        words = tuple(word.lower() for word in pair)
        return _truth_values(name, cells, pair, text("data.column.truth", words=words))
    # Dates before zeros: 02.01.2024 is no code.
    if form := _date_form(name, cells, dates):
        return _date(name, cells, form)
    if cells.stated == "date":
        raise InvalidValue(text("data.column.far_dates", name=plain(name)))
    if cells.zero_first and not _decimals(cells):
        return _category(name, cells, text("data.column.zeros"))
    if _is_code(name, cells):
        return _category(name, cells, text("data.column.code"))
    return _plain_kind(name, cells)


def _plain_kind(name: str, cells: Cells) -> Typed:
    """The last rules: an identifier, a number, a text or a category."""
    numbers = numbers_of(cells)
    unique = _unique(cells, numbers)
    if numbers is not None:
        whole = _whole(numbers)
        if whole and float(np.nanmax(np.abs(numbers))) >= EXACT:
            why = text("data.column.large")
            return _unused(name, cells, "id", why) if unique else _category(name, cells, why)
        named = _words(name) & ID_WORDS
        # Row numbers have no unit.
        if whole and unique and not cells.unit and (named or _monotone(numbers)):
            why = text("data.column.id", name=plain(name), kind="number")
            return _unused(name, cells, "id", why, numbers)
        return _number(name, cells, numbers)
    if cells.codes is None or unique:
        blanks = cells.codes is None or any(" " in level for level in cells.filled())
        kind: Unused = "text" if blanks else "id"
        if kind == "text":
            return _unused(name, cells, kind, text("data.column.text"))
        why = text("data.column.id", name=plain(name), kind="category")
        return _unused(name, cells, kind, why)
    return _category(name, cells, text("data.column.category", count=len(_levels(cells))))


def _as_asked(name: str, cells: Cells, asked: str, dates: Dates) -> Typed:
    why = text("data.column.asked")
    if asked in ("id", "text", "drop"):
        return _unused(name, cells, asked, why)  # type: ignore[arg-type]
    if asked == "number":
        if cells.numbers is None:
            raise InvalidValue(text("data.column.not_numbers", name=plain(name)))
        return _number(name, cells, np.array(cells.numbers), why)
    if asked == "date":
        form = _date_form(name, cells, dates)
        if not form:
            raise InvalidValue(text("data.column.not_dates", name=plain(name)))
        return _date(name, cells, form, why)
    if cells.codes is None:
        raise InvalidValue(text("data.column.many", name=plain(name)))
    if asked == "truth":
        levels = _levels(cells)
        if len(levels) != 2:
            raise InvalidValue(text("data.column.not_truth", name=plain(name), count=len(levels)))
        pair = truth_words(cells)
        return _truth_values(name, cells, pair or (levels[0], levels[1]), why)
    return _category(name, cells, why)


def _levels(cells: Cells) -> list[str]:
    """The different texts of a column in order: by value if all are whole numbers, else by code
    point."""
    filled = list(cells.filled())
    if all(re.fullmatch(r"-?\d{1,15}", level) for level in filled):
        return sorted(filled, key=lambda level: (int(level), level))
    return sorted(filled)


def _is_constant(cells: Cells) -> bool:
    if cells.codes is not None:
        return len(list(cells.filled())) <= 1
    numbers = numbers_of(cells)
    return numbers is not None and bool(np.nanmin(numbers) == np.nanmax(numbers))


def truth_words(cells: Cells) -> tuple[str, str] | None:
    """The words for false and true, as written, if the column has nothing else."""
    if cells.codes is None or len(cells.levels) > LONGEST_PAIR:
        return None
    by_word: dict[str, str] = {}
    for level in cells.filled():
        by_word.setdefault(level.lower(), level)
    pair = next((pair for pair in TRUTH if set(pair) == set(by_word)), None)
    return (by_word[pair[0]], by_word[pair[1]]) if pair else None


def _words(name: str) -> set[str]:
    """The words of a column's name in lower case: customer_id and customerId have "id"."""
    apart = re.sub(r"([a-z\d])([A-Z])", r"\1 \2", name)
    words = re.split(r"[\W_]+", apart.lower())
    return {*words, "".join(words)}


def _decimals(cells: Cells) -> bool:
    """Whether numbers with a fraction are among the cells: then 00.5 is a number too."""
    numbers = numbers_of(cells)
    return numbers is not None and not _whole(numbers)


def _is_code(name: str, cells: Cells) -> bool:
    """Whether a column is one of codes such as postcodes: by its name, and digits of one length."""
    if cells.codes is None or not _words(name) & CODE_WORDS:
        return False
    filled = list(cells.filled())
    lengths = {len(level) for level in filled}
    return len(lengths) == 1 and min(lengths) >= CODE_LENGTH and all(map(str.isdigit, filled))


def numbers_of(cells: Cells) -> np.ndarray | None:
    """The numbers of a column [n], if it is one of numbers but for a few cells."""
    if cells.numbers is None or cells.stated in ("text", "category"):
        return None
    values = np.array(cells.numbers)
    good = int(np.isfinite(values).sum())
    odd = cells.odd_count
    return values if good and good >= NUMERIC * (good + odd) else None


def _whole(numbers: np.ndarray) -> bool:
    filled = numbers[np.isfinite(numbers)]
    return bool((filled == np.rint(filled)).all())


def _monotone(numbers: np.ndarray) -> bool:
    steps = np.diff(numbers[~np.isnan(numbers)])
    return bool((steps > 0).all() or (steps < 0).all())


def _unique(cells: Cells, numbers: np.ndarray | None) -> bool:
    """Whether nearly every row has a value of its own."""
    if cells.codes is not None:
        different = len(list(cells.filled()))
        filled = cells.count - cells.levels.get("", 0)
    elif numbers is not None:
        present = numbers[~np.isnan(numbers)]
        different, filled = len(np.unique(present)), len(present)
    else:
        return True  # more different texts than are kept
    return filled >= FEWEST and different >= UNIQUE * filled


def _date_form(name: str, cells: Cells, dates: Dates) -> Form | None:
    """The form in which all cells are dates; None if there is none. Raises InvalidValue if day and
    month cannot be told apart, or only some moments say their offset to UTC."""
    if cells.stated == "category":
        return None
    fits = [form for form, seconds in cells.moments.items() if not np.isnan(seconds).all()]
    if "iso" in fits and cells.aware is not None and not cells.zone:
        without = ~cells.aware & ~np.isnan(cells.moments["iso"])
        if cells.aware.any() and without.any():
            count = int(without.sum())
            raise InvalidValue(text("data.column.offsets", name=plain(name), count=count))
    if dates != "auto":
        return dates if dates in fits else None
    if {"dmy", "mdy"} <= set(fits) and not np.array_equal(
        cells.moments["dmy"], cells.moments["mdy"], equal_nan=True
    ):
        example = next(cells.filled(), "")
        raise InvalidValue(text("data.column.day_or_month", name=plain(name), cell=brief(example)))
    return fits[0] if fits else None


def _date(name: str, cells: Cells, form: Form, why: Text | None = None) -> Typed:
    seconds = np.array(cells.moments[form])
    notes = []
    other = OTHER_ORDER.get(form)
    if other and (doubtful := next((c for c in cells.filled() if _reads(other, c)), "")):
        proof = next((cell for cell in cells.filled() if not _reads(other, cell)), "")
        about = {"name": plain(name), "cell": brief(doubtful), "proof": brief(proof)}
        notes.append(text(f"data.note.table.{form}", **about))
    said = why or text("data.column.date", form=text(f"data.date.{form}"))
    column = Column(name=name, kind="date", form=form, why=said)
    return Typed(column, seconds, not_placed(name, cells, form), tuple(notes))


def not_placed(name: str, cells: Cells, form: Form) -> tuple[tuple[int, Text], ...]:
    """(row, reason) of local times that the zone does not have, or has twice."""
    return tuple(
        (row, text(f"data.column.{what}", name=plain(name), cell=cell, zone=cells.zone))
        for row, cell, what in sorted(cells.unplaced.get(form, ()))
    )


def _reads(form: Form, cell: str) -> bool:
    try:
        FORMS[form](cell)
    except ValueError:
        return False
    return True


def slips(name: str, cells: Cells) -> tuple[tuple[int, Text], ...]:
    """(row, reason) of the cells of a column of numbers that are none, or too large."""
    found = [(row, cell, "no_number") for row, cell in cells.odd]
    found += [(row, cell, "too_large") for row, cell in cells.infinite]
    return tuple(
        (row, text(f"data.column.{what}", name=plain(name), cell=brief(cell)))
        for row, cell, what in sorted(found)
    )


def _number(name: str, cells: Cells, numbers: np.ndarray, why: Text | None = None) -> Typed:
    notes = []
    counts = [n for level, n in cells.levels.items() if level] if cells.codes is not None else []
    if not why and 2 < len(counts) <= FEW_LEVELS and min(counts) >= FEW_ROWS and _whole(numbers):
        notes.append(
            text(
                "data.note.table.whole",
                name=plain(name),
                low=f"{np.nanmin(numbers):g}",
                high=f"{np.nanmax(numbers):g}",
            )
        )
    values = np.where(np.abs(numbers) <= LARGEST, numbers, np.nan)
    unit = cells.unit or NONE
    said = text("data.column.unit", unit=str(unit)) if unit else text("data.column.number")
    around = (unit.before, unit.after)
    column = Column(name=name, kind="number", why=why or said, unit=around)
    return Typed(column, values, slips(name, cells), tuple(notes))


def _truth_values(name: str, cells: Cells, pair: tuple[str, str], why: Text) -> Typed:
    # In lower case, because a frame writes true where its file has True.
    words = (pair[0].lower(), pair[1].lower())
    value = {words[0]: 0.0, words[1]: 1.0, "": np.nan}
    by_code = np.array([value[level.lower()] for level in cells.levels])
    column = Column(name=name, kind="truth", why=why, levels=words)
    return Typed(column, by_code[cells.codes])


def _category(name: str, cells: Cells, why: Text) -> Typed:
    if cells.codes is None:
        return _unused(name, cells, "text", text("data.column.text"))
    levels = _levels(cells)
    place = {level: float(i) for i, level in enumerate(levels)} | {"": np.nan}
    by_code = np.array([place[level] for level in cells.levels])
    column = Column(name=name, kind="category", why=why, levels=tuple(levels))
    return Typed(column, by_code[cells.codes])


def _unused(
    name: str, cells: Cells, kind: Unused, why: Text, values: np.ndarray | None = None
) -> Typed:
    """A column that the model does not read; numbers are kept for the case that nothing else is
    left."""
    # Of one number for all rows, because nothing is read from it.
    nothing = np.broadcast_to(np.nan, cells.count) if values is None else values
    return Typed(Column(name=name, kind=kind, why=why), nothing)


def summary(columns: Sequence[Column]) -> Iterator[Text]:
    """How many columns there are of each kind, as texts."""
    kinds = [column.kind if column.used else "out" for column in columns]
    for kind in (*USED, "out"):
        if count := kinds.count(kind):
            yield text(f"data.table.count.{kind}", count=count)
