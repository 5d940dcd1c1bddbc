"""Moments of time in a zone: local times as they are written become seconds of UTC.

Where clocks are put forward an hour of local times does not exist, and where they are put back an
hour occurs twice; neither is guessed.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import numpy as np

from etude.config import nearest
from etude.data.tabular.cells import Cells
from etude.data.tabular.dates import EPOCH
from etude.errors import DataError
from etude.locale.texts import text

DAY = 86_400
REACH = 2
"""Days around the moments in which changes of a zone's offset are looked for."""


class Placed(NamedTuple):
    """Moments in UTC. seconds [n]: since 1970, nan where there is none. skipped, doubled [n]: local
    times that do not exist, and that occur twice."""

    seconds: np.ndarray
    skipped: np.ndarray
    doubled: np.ndarray


def zone_of(name: str) -> ZoneInfo:
    """The zone of this name. Raises DataError for a name that is none."""
    try:
        return ZoneInfo(name)
    # ZoneInfo also refuses names with .. and reads folders of its data as files.
    except (KeyError, ValueError, OSError):
        near = nearest(name, available_timezones())
        raise DataError(
            text("data.zone.unknown", name=name, near=near), do=text("data.zone.unknown.do")
        ) from None


def utc(seconds: np.ndarray, zone: str) -> Placed:
    """Local times [n], as seconds since 1970 on the clocks of a zone, in UTC; nan stays nan.

    Raises DataError for an unknown zone.
    """
    nothing = np.zeros(len(seconds), bool)
    known = ~np.isnan(seconds)
    if not known.any():
        return Placed(seconds, nothing, nothing)
    local = seconds[known]
    starts, offsets = _offsets(zone, int(local.min() // DAY), int(local.max() // DAY))

    def offset_at(moment: np.ndarray) -> np.ndarray:
        return np.asarray(offsets[np.searchsorted(starts, moment, side="right") - 1])

    # The offset of a local time is that of a day earlier or of a day later, if there is one.
    before, after = offset_at(local - DAY), offset_at(local + DAY)
    first, second = local - before, local - after
    right = offset_at(first) == before, offset_at(second) == after
    placed = np.where(right[0], first, second)
    skipped, doubled = nothing.copy(), nothing.copy()
    skipped[known] = ~right[0] & ~right[1]
    doubled[known] = right[0] & right[1] & (before != after)
    result = np.full(len(seconds), np.nan)
    result[known] = placed
    result[skipped | doubled] = np.nan
    return Placed(result, skipped, doubled)


@cache
def _offsets(zone: str, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """(moments in UTC from which an offset holds [k], the offsets in seconds [k]) from the first to
    the last day, counted from 1970."""
    place = zone_of(zone)

    def offset(moment: int) -> float:
        here = datetime.fromtimestamp(0, UTC) + timedelta(seconds=moment)
        there = here.astimezone(place).utcoffset()
        assert there is not None  # a zone of zoneinfo has an offset at every moment
        return there.total_seconds()

    days = range((first - REACH) * DAY, (last + REACH + 1) * DAY, DAY)
    starts, offsets = [float(days[0]) - DAY], [offset(days[0])]
    for day in days[1:]:
        if offset(day) == offsets[-1]:
            continue
        low, high = day - DAY, day
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == offsets[-1] else (low, middle)
        starts.append(float(high))
        offsets.append(offset(high))
    return np.array(starts), np.array(offsets)


def place(cells: Iterable[Cells], zone: str) -> None:
    """Bring the moments of columns to UTC: those that are written without an offset are of this
    zone. Days without a time of day stay as they are. Raises DataError for an unknown zone."""
    zone_of(zone)
    for column in cells:
        if column.zone:
            continue
        column.zone = zone
        for form, seconds in [*column.moments.items()]:
            local = np.array(seconds)
            if form == "iso" and column.aware is not None:
                local[column.aware] = np.nan
            days = local[~np.isnan(local)]
            if not (days % DAY).any():
                continue
            moved = utc(local, zone)
            column.place(form, np.where(np.isnan(local), seconds, moved.seconds))
            column.unplaced[form] = [
                (row, (EPOCH + timedelta(seconds=float(local[row]))).isoformat(" "), what)
                for what, rows in (("skipped", moved.skipped), ("doubled", moved.doubled))
                for row in np.flatnonzero(rows).tolist()
            ]
