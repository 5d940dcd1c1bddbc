"""Numbers with a unit in every cell: 12 %, 534,22 €, $1,200, 40.1cm, 35세.

A column is one of such numbers if each of its filled cells has the same unit as the first one.
Nothing is converted: a file whose cells mix grams and kilograms holds no numbers, but text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

Parse = Callable[[str], float]
"""From the text of a number to its value; raises ValueError for any other text."""
MONEY = r"[$€£¥₩₹฿₽₺₫]"
BEFORE = rf"[A-Z]{{0,3}}{MONEY}|[A-Z]{{3}}(?=\s)"
"""What stands before a number: a sign of money, or the three letters of a currency and a blank.
Other letters are parts of names, as in A12."""
AFTER = rf"[%‰]|{MONEY}|°|°?[^\W\d_]{{1,4}}[²³]?(?:/[^\W\d_]{{1,4}}[²³]?)?"
"""What stands after it: per cent, money, or a short unit such as cm, °C, km/h and m²."""
CELL = re.compile(rf"([+-]?)(?:({BEFORE})\s?)?([+-]?[\d.,]*\d[\d.,]*)(?:\s?({AFTER}))?")


@dataclass(frozen=True)
class Unit:
    """What the cells of a column have around their numbers: one or both may be empty."""

    before: str
    after: str

    def __str__(self) -> str:
        return self.after or self.before

    def __bool__(self) -> bool:
        return bool(self.before or self.after)


NONE = Unit("", "")


def unit_of(cell: str) -> Unit:
    """The unit in a cell; NONE if it is a number alone, or none at all."""
    match = CELL.fullmatch(cell)
    return Unit(match[2] or "", match[4] or "") if match else NONE


def parser(unit: Unit, parse: Parse) -> Parse:
    """A function from the text of a number with this unit to its value; it raises ValueError for
    any other text. parse: does the same for the number alone."""
    if not unit:
        return parse

    def parse_with_unit(cell: str) -> float:
        match = CELL.fullmatch(cell)
        if match is None or Unit(match[2] or "", match[4] or "") != unit:
            raise ValueError(cell)
        return parse(match[1] + match[3])

    return parse_with_unit


def bare(cell: str) -> str:
    """The number of a cell without its unit; the whole cell if it is no number with one."""
    match = CELL.fullmatch(cell)
    return match[1] + match[3] if match and unit_of(cell) else cell
