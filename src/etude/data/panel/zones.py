"""Times of the user's rows as whole microseconds: dates, months, quarters, offsets and time zones.

A stamp with an offset is converted to UTC. Without one it stays as written, unless the user names
the zone: then an hour that occurs twice in autumn is told apart by the order of the rows, and one
that does not exist is an error.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from etude.data.tabular.cells import Cells
from etude.data.tabular.columns import Dates
from etude.data.tabular.dates import FORMS
from etude.data.tabular.moments import zone_of
from etude.errors import InvalidValue, plain
from etude.locale.texts import Text, text

EPOCH = datetime(1970, 1, 1)
MONTH = re.compile(r"(\d{4})[-/. ]?(?:M)?(0[1-9]|1[0-2])")
QUARTER = re.compile(r"(\d{4})[-/ ]?Q([1-4])", re.IGNORECASE)
SLASHED = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?")
LARGEST = 1e300


@dataclass(frozen=True)
class Stamps:
    """The time of each row. times: whole microseconds, or the user's numbers; missing: rows without
    one. dated: whether these are dates. offsets: to UTC in microseconds, of times that were written
    with one and so are in UTC [n]; None of all others."""

    times: np.ndarray
    missing: np.ndarray
    dated: bool
    offsets: np.ndarray | None = None


def in_zone(moment: datetime, zone: str) -> datetime:
    """A moment in UTC, without a zone, as it is written in a zone."""
    aware = moment.replace(tzinfo=UTC)
    return aware.astimezone(_zone(zone)) if zone else aware


@cache
def _zone(name: str) -> ZoneInfo:
    return zone_of(name)


def stamps_of(name: str, cells: Cells, form: Dates) -> Stamps:
    """The times of a column. Raises InvalidValue for cells that are no times, where day and month
    cannot be told apart, and where only some times have an offset."""
    fits = {key: s for key, s in cells.moments.items() if not np.isnan(s).all()}
    if form != "auto":
        fits = {key: s for key, s in fits.items() if key == form}
    if {"dmy", "mdy"} <= set(fits) and not np.array_equal(fits["dmy"], fits["mdy"], equal_nan=True):
        cell = next(cells.filled(), "")
        raise InvalidValue(text("data.column.day_or_month", name=plain(name), cell=plain(cell)))
    if fits:
        key, seconds = next(iter(fits.items()))
        return _stamps(seconds, _offsets_of(name, cells, seconds) if key == "iso" else None)
    if cells.codes is not None and (found := _other_form(cells)) is not None:
        return _stamps(found, None)
    if cells.numbers is not None and not cells.odd_count:
        numbers = np.array(cells.numbers)
        filled = numbers[~np.isnan(numbers)]
        if len(filled) and (filled == np.rint(filled)).all() and np.abs(filled).max() < 2**53:
            missing = np.isnan(numbers)
            return Stamps(np.where(missing, 0, numbers).astype(np.int64), missing, dated=False)
    known = tuple(cells.filled())
    examples = [cell for cell in known if not _reads_any(cell)][:3] or list(known[:3])
    raise InvalidValue(
        text("data.panel.no_times", name=plain(name), cells=tuple(map(plain, examples)))
    )


def _offsets_of(name: str, cells: Cells, seconds: np.ndarray) -> np.ndarray | None:
    """The offsets of times in ISO form in seconds [n], 0 where there is no time; None if they are
    written without. Raises InvalidValue if only some have one."""
    offsets, filled = cells.offsets, ~np.isnan(seconds)
    if offsets is None or np.isnan(offsets[filled]).all():
        return None
    without = filled & np.isnan(offsets)
    if without.any():
        places = int(np.flatnonzero(filled & ~without)[0]), int(np.flatnonzero(without)[0])
        one, other = (_written(cells, seconds, row) for row in places)
        raise InvalidValue(text("data.panel.mixed_offsets", name=plain(name), one=one, other=other))
    return np.where(filled, offsets.astype(np.float64), 0.0)


def _written(cells: Cells, seconds: np.ndarray, row: int) -> str:
    """The time of a row as its cell has it, or in UTC if there are too many to be kept as text."""
    if cells.codes is not None:
        return plain(list(cells.levels)[cells.codes[row]])
    return (EPOCH + timedelta(seconds=float(seconds[row]))).isoformat(" ")


def _stamps(seconds: np.ndarray, offsets: np.ndarray | None) -> Stamps:
    missing = np.isnan(seconds)
    # A float of seconds has six digits after the point until the year 2100.
    micros = np.rint(np.where(missing, 0, seconds) * 1e6).astype(np.int64)
    apart = None if offsets is None else np.rint(offsets * 1e6).astype(np.int64)
    return Stamps(micros, missing, True, apart)


def _reads_any(cell: str) -> bool:
    for form in (*FORMS.values(), *OTHERS):
        try:
            form(cell)
        except (ValueError, OverflowError):
            continue
        return True
    return False


def _month(cell: str) -> float:
    match = MONTH.fullmatch(cell)
    if not match:
        raise ValueError(cell)
    return (datetime(int(match[1]), int(match[2]), 1) - EPOCH).total_seconds()


def _quarter(cell: str) -> float:
    match = QUARTER.fullmatch(cell)
    if not match:
        raise ValueError(cell)
    return (datetime(int(match[1]), 3 * int(match[2]) - 2, 1) - EPOCH).total_seconds()


def _slashed(cell: str) -> float:
    match = SLASHED.fullmatch(cell)
    if not match:
        raise ValueError(cell)
    parts = [int(part or 0) for part in match.groups()]
    return (datetime(*parts) - EPOCH).total_seconds()  # type: ignore[arg-type]


OTHERS: tuple[Callable[[str], float], ...] = (_month, _quarter, _slashed)
"""Forms of times beside those of tables: 1949-01, 2024Q3, 2024/01/31 13:00."""


def _other_form(cells: Cells) -> np.ndarray | None:
    """Seconds since 1970 [n] of months, quarters or dates with slashes; None for other cells."""
    for form in OTHERS:
        try:
            by_code = [form(level) if level else np.nan for level in cells.levels]
        except ValueError:
            continue
        # 202401 alone may be a number, and so may 1949: the years must be years.
        years = [EPOCH + timedelta(seconds=s) for s in by_code if s == s]
        if years and all(1900 <= moment.year <= 2100 for moment in years):
            return np.asarray(np.array(by_code)[cells.codes])
    return None


def to_utc(times: np.ndarray, groups: np.ndarray, zone: str) -> tuple[np.ndarray, list[int]]:
    """(times in UTC [n], rows that do not exist) of local times of a zone.

    groups: the series of each row; of one time that occurs twice in a series, the first row is the
    earlier one.
    """
    info = zone_of(zone)
    result, absent = np.empty_like(times), []
    seen: set[tuple[int, int]] = set()
    offsets: dict[int, tuple[int, int, bool]] = {}
    for row, (time, group) in enumerate(zip(times.tolist(), groups.tolist(), strict=True)):
        # An offset is that of its quarter of an hour: no zone changes within one.
        quarter = time // 900_000_000
        if quarter not in offsets:
            offsets[quarter] = _offsets(quarter, info)
        early, late, exists = offsets[quarter]
        if not exists:
            absent.append(row)
        again = early != late and (group, time) in seen
        if early != late:
            seen.add((group, time))
        result[row] = time - (late if again else early)
    return result, absent


def _offsets(quarter: int, info: ZoneInfo) -> tuple[int, int, bool]:
    """(offset of the first, offset of the second occurrence, whether the time exists) of a quarter
    of an hour of local time, in microseconds."""
    moment = EPOCH + timedelta(seconds=900 * quarter)
    both = [moment.replace(tzinfo=info, fold=fold) for fold in (0, 1)]
    micro = timedelta(microseconds=1)
    early, late = ((each.utcoffset() or timedelta()) // micro for each in both)
    back = both[0].astimezone(UTC).astimezone(info).replace(tzinfo=None)
    return early, late, back == moment


def from_utc(times: np.ndarray, zone: str) -> np.ndarray:
    """Local times [n] of a zone."""
    info = zone_of(zone)
    quarters, place = np.unique(times // 900_000_000, return_inverse=True)
    micro = timedelta(microseconds=1)
    by_quarter = []
    for quarter in quarters.tolist():
        moment = (EPOCH + timedelta(seconds=900 * quarter)).replace(tzinfo=UTC).astimezone(info)
        by_quarter.append((moment.utcoffset() or timedelta()) // micro)
    return np.asarray(times + np.array(by_quarter, np.int64)[place])


def is_change(time: int) -> bool:
    """Whether a local time lies in the first hours of a Sunday in which many zones change their
    clocks: March, April, September, October or November."""
    moment = EPOCH + timedelta(microseconds=time)
    return moment.weekday() == 6 and moment.hour <= 3 and moment.month in (3, 4, 9, 10, 11)


def change_advice(example: str) -> Text:
    """What to do about an hour that is missing or doubled by a change of clocks."""
    return text("data.panel.zone.do", time=example)
