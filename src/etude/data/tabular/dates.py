"""The forms in which cells of a table write dates and times: seconds since 1970 of each."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from math import nan
from typing import Literal

Moment = Callable[[str], float]
Form = Literal["iso", "dmy", "mdy"]
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


def offset_of(cell: str) -> float:
    """The offset to UTC in seconds of a moment in ISO form, nan if it has none: 0 of
    2024-01-31T12:30Z, 7200 of 2024-01-31T12:30+02:00. nan for any other text too."""
    if len(cell) <= 10 or not (cell[-1] == "Z" or "+" in cell or "-" in cell[10:]):
        return nan
    try:
        offset = datetime.fromisoformat(cell).utcoffset()
    except ValueError:
        return nan
    return nan if offset is None else offset.total_seconds()


def seconds_of(name: Form, cells: Sequence[str]) -> list[float]:
    """The moments of dates, nan for empty cells. Raises ValueError, OverflowError."""
    form = FORMS[name]
    return [form(cell) if cell else nan for cell in cells]
