"""Clock: the time axis of series, where each step has a whole number.

Times are whole microseconds since 1970 (or whole numbers of the user's own). The step is the most
common difference; months, quarters, years and business days are recognised by their dates, because
their lengths differ. Times that lie on no such axis are refused with the differences that occur.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
from pydantic import Field

from etude.config import Config
from etude.data.panel.zones import EPOCH, in_zone
from etude.data.tabular.dates import iso
from etude.errors import InvalidValue
from etude.locale.texts import Text, text

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
BUSINESS = 10
"""Fewest days, none of them on a weekend, that show business days."""
COMMON = 0.5
"""Least share of differences that are the most common one; with fewer there is no step."""
SHOWN = 5
UNITS = {"us": 1, "ms": 1000, "s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
MONTHS = {"mo": 1, "q": 3, "y": 12}
Kind = Literal["time", "months", "business", "steps"]
SEASONS: dict[int, int] = {1: 12, 3: 4}
"""Steps in a year, by the months of a step."""


class Clock(Config):
    """step: microseconds, months, business days or whole numbers from one step to the next. origin:
    the time of step 0, in the same units. day: of the month, 0 for its last; of_day: microseconds
    since midnight, where dates have a time. utc: whether times are in UTC and shown in `zone`.
    written: whether the calendar goes by the local times that the rows were written with."""

    kind: Kind
    step: int = Field(ge=1)
    origin: int
    day: int = Field(default=1, ge=0, le=31)
    of_day: int = Field(default=0, ge=0, lt=DAY)
    utc: bool = False
    zone: str = ""
    written: bool = False

    def steps(self, times: np.ndarray) -> np.ndarray:
        """The numbers [n] of the steps at these times. Raises InvalidValue for a time between
        steps."""
        units = _units(self, times)
        numbers, rest = np.divmod(units - self.origin, self.step)
        back = self.times(numbers)
        if rest.any() or (back != times).any():
            odd = int(np.flatnonzero((rest != 0) | (back != times))[0])
            raise InvalidValue(
                text("data.panel.between", time=self.shown(int(times[odd])), step=self.words)
            )
        return np.asarray(numbers)

    def times(self, numbers: np.ndarray) -> np.ndarray:
        """The times [n] of steps."""
        units = self.origin + numbers * self.step
        if self.kind == "months":
            first = (units.astype("M8[M]")).astype("M8[D]")
            last = (units + 1).astype("M8[M]").astype("M8[D]") - 1
            days = last if self.day == 0 else np.minimum(first + (self.day - 1), last)
            return np.asarray(days.astype(np.int64) * DAY + self.of_day)
        if self.kind == "business":
            days = np.busday_offset(np.datetime64(0, "D"), units, roll="forward")
            return np.asarray(days.astype(np.int64) * DAY + self.of_day)
        return np.asarray(units)

    def at(self, number: int) -> str:
        """The time of a step, as text."""
        return self.shown(int(self.times(np.array([number]))[0]))

    def number(self, word: str) -> int:
        """The step of a time as `at` writes it. Raises ValueError."""
        micros = int(word) if self.kind == "steps" else round(iso(word) * SECOND)
        return int(self.steps(np.array([micros]))[0])

    def shown(self, time: int) -> str:
        """A time as text: a number, a date, or a date and a time."""
        if self.kind == "steps":
            return str(time)
        moment = EPOCH + timedelta(microseconds=time)
        if self.dates_only:
            return moment.date().isoformat()
        parts = "microseconds" if time % SECOND else "seconds" if time % MINUTE else "minutes"
        if self.utc:
            return in_zone(moment, self.zone).isoformat(" ", parts)
        return moment.isoformat(" ", parts)

    @property
    def dates_only(self) -> bool:
        """Whether every step begins a day, so that its date says all."""
        if self.kind == "time":
            return not self.utc and self.step % DAY == 0 and self.origin % DAY == 0
        return self.kind != "steps" and self.of_day == 0

    @property
    def words(self) -> Text:
        """The step in words."""
        if self.kind == "time":
            return duration(self.step)
        if self.kind == "months" and self.step in (3, 12):
            return text(f"data.panel.every.{'quarter' if self.step == 3 else 'year'}")
        return text(f"data.panel.every.{self.kind}", count=self.step)

    @property
    def seasons(self) -> tuple[int, ...]:
        """Steps that a season of this clock may have, the shorter ones first."""
        if self.kind == "months":
            return (SEASONS[self.step],) if self.step in SEASONS else ()
        if self.kind == "business":
            return (5,) if self.step == 1 else ()
        if self.kind == "steps":
            return ()
        if self.step % DAY == 0:
            weeks = {1: (7,), 7: (52,)}
            return weeks.get(self.step // DAY, ())
        return (DAY // self.step, 7 * DAY // self.step) if DAY % self.step == 0 else ()


def duration(step: int) -> Text:
    """Microseconds in words: "15 min"."""
    unit = next((name for name in reversed(UNITS) if step % UNITS[name] == 0), "us")
    return text(f"data.panel.duration.{unit}", count=step // UNITS[unit])


def clock_of(series: Sequence[np.ndarray], dated: bool) -> Clock:
    """The clock of series of times [n], each ascending without repetitions. dated: whether these
    are microseconds. Raises InvalidValue with the differences that occur if there is none."""
    every = np.concatenate(series)
    if dated and (clock := _monthly(series, every)):
        return clock
    step = most_common(series)
    differences = np.concatenate([np.diff(times) for times in series])
    if dated and step == DAY and _on_business_days(every):
        days = _units(Clock(kind="business", step=1, origin=0), every)
        of_day = int(every[0]) % DAY
        return Clock(kind="business", step=1, origin=int(days.min()), of_day=of_day)
    apart = ((every - int(every.min())) % step).any()
    if apart or (differences == step).mean() < COMMON:
        raise InvalidValue(text("data.panel.irregular", differences=histogram(differences, dated)))
    return Clock(kind="time" if dated else "steps", step=step, origin=int(every.min()))


def most_common(series: Sequence[np.ndarray]) -> int:
    """The most common difference of successive times; the smaller one of equally common ones."""
    differences = np.concatenate([np.diff(times) for times in series])
    if not len(differences):
        raise InvalidValue(text("data.panel.one_row"))
    values, counts = np.unique(differences, return_counts=True)
    return int(values[counts.argmax()])


def histogram(differences: np.ndarray, dated: bool) -> tuple[Text, ...]:
    """The most common differences, with how often each occurs."""
    found = Counter(differences.tolist()).most_common(SHOWN)
    return tuple(
        text(
            "data.panel.difference",
            step=duration(step) if dated else text("data.panel.every.steps", count=step),
            count=count,
        )
        for step, count in found
    )


def _units(clock: Clock, times: np.ndarray) -> np.ndarray:
    """Times [n] in the units of `Clock.step`."""
    if clock.kind in ("time", "steps"):
        return times
    days = (times // DAY).astype("M8[D]")
    if clock.kind == "months":
        return np.asarray(days.astype("M8[M]").astype(np.int64))
    return np.asarray(np.busday_count(np.datetime64(0, "D"), days))


def _monthly(series: Sequence[np.ndarray], every: np.ndarray) -> Clock | None:
    """The clock of times that lie months apart, on one day of the month or on its last."""
    differences = np.concatenate([np.diff(times) for times in series])
    if not len(differences) or int(differences.min()) < 28 * DAY or len({*(every % DAY)}) > 1:
        return None
    days = (every // DAY).astype("M8[D]")
    months = days.astype("M8[M]")
    of_month = (days - months.astype("M8[D]")).astype(int) + 1
    last = ((months + 1).astype("M8[D]") - 1) == days
    if len({*of_month.tolist()}) > 1 and not last.all():
        return None
    day = 0 if last.all() and len({*of_month.tolist()}) > 1 else int(of_month[0])
    numbers = [(times // DAY).astype("M8[D]").astype("M8[M]").astype(np.int64) for times in series]
    step = most_common(numbers)
    first = min(int(each.min()) for each in numbers)
    if any(((each - first) % step).any() for each in numbers):
        step = 1
    of_day = int(every[0]) % DAY
    return Clock(kind="months", step=step, origin=first, day=day, of_day=of_day)


def _on_business_days(every: np.ndarray) -> bool:
    days = np.unique((every // DAY).astype("M8[D]"))
    if len(days) < BUSINESS or len({*(every % DAY)}) > 1 or days[-1] - days[0] < 7:
        return False
    return bool(np.is_busday(days).all())


def step_of(word: str) -> tuple[bool, int]:
    """(whether it counts months, the step) of a word such as 15min, 1h, 1d, 1mo. Raises
    InvalidValue."""
    digits = len(word) - len(word.lstrip("0123456789"))
    count, unit = int(word[:digits] or "1"), word[digits:].strip().lower()
    if count and unit in UNITS:
        return False, count * UNITS[unit]
    if count and unit in MONTHS:
        return True, count * MONTHS[unit]
    units = (*UNITS, *MONTHS)
    raise InvalidValue(text("data.panel.step", word=word, units=units))


def floors(times: np.ndarray, word: str) -> np.ndarray:
    """The beginnings [n] of the steps of this word that times lie in. Raises InvalidValue."""
    monthly, step = step_of(word)
    if not monthly:
        # Weeks begin on Monday, and 1970-01-01 was a Thursday.
        shift = 4 * DAY if step % (7 * DAY) == 0 else 0
        return np.asarray((times - shift) // step * step + shift)
    months = (times // DAY).astype("M8[D]").astype("M8[M]").astype(np.int64)
    first = (months // step * step).astype("M8[M]").astype("M8[D]")
    return np.asarray(first.astype(np.int64) * DAY)


def calendar(clock: Clock, numbers: np.ndarray, offsets: np.ndarray, part: str) -> np.ndarray:
    """The place [n] of steps in the day, the week or the year, in 0..1, by local time. offsets: of
    local time to UTC in microseconds [n], as the rows were written."""
    times = clock.times(numbers)
    if clock.written:
        times = times + offsets
    elif clock.utc and clock.zone:
        hours = np.unique(times // HOUR)
        moments = [EPOCH + timedelta(hours=int(hour)) for hour in hours]
        local = np.array([_micro(in_zone(m, clock.zone).replace(tzinfo=None)) for m in moments])
        times = local[np.searchsorted(hours, times // HOUR)] + times % HOUR
    if part == "day":
        return np.asarray(times % DAY / DAY)
    if part == "week":
        return np.asarray((times // DAY + 3) % 7 / 7)
    days = (times // DAY).astype("M8[D]")
    return np.asarray((days - days.astype("M8[Y]").astype("M8[D]")).astype(int) / 366)


def _micro(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)
