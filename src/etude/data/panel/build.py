"""From the rows of series to the Panel of a run and to the windows of a split.

Everything that is learned - season, logarithm, scales, parts of the calendar - is learned from the
steps before the validation split.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from pydantic import Field

from etude.config import Config
from etude.data.panel import shape
from etude.data.panel.card import Panel, Part, Scale
from etude.data.panel.clock import Clock, clock_of
from etude.data.panel.reading import Gaps, Layout, Read, Rows
from etude.data.panel.splits import Cuts, cuts_of
from etude.data.panel.windows import Gap, Run, Windows, runs_of, starts_of, windows
from etude.data.tabular.dialect import Reading
from etude.errors import DataError, InvalidValue, UsageError, plain
from etude.locale.texts import Text, text

DEFAULT = 12
"""Steps to forecast where there is no season."""
MOST_BYTES = 4 << 30
"""Of the windows of all splits, which are held in memory."""
MOST_IDENTITIES = 64
Calendar = Literal["auto", "none", "day", "week", "year", "all"]


class Asked(Config):
    """What the user says of windows and splits; None, "auto": to be decided."""

    horizon: int | None
    length: int | None
    season: int | None
    calendar: Calendar
    identity: bool
    relative: Literal["auto", "yes", "no"]
    log: Literal["auto", "yes", "no"]
    gaps: Gaps
    fill: int = Field(ge=1)
    test: int | str
    val: int | str
    until: int | str
    stride: int


@dataclass(frozen=True)
class Found:
    """Series with their runs and gaps, their step and the splits. out: why series are left out."""

    where: str
    rows: tuple[Rows, ...]
    runs: tuple[tuple[Run, ...], ...]
    gaps: tuple[tuple[Gap, ...], ...]
    clock: Clock
    cuts: Cuts
    layout: Layout
    reading: Reading
    season: int
    length: int
    horizon: int
    out: tuple[Text, ...] = ()

    @property
    def training(self) -> list[list[Run]]:
        """The training part of each series."""
        return [_before(runs, self.cuts.val) for runs in self.runs]

    def only(self, places: Sequence[int], out: tuple[Text, ...]) -> "Found":
        """The series at these places. out: why the others are left out."""
        return replace(
            self,
            rows=tuple(self.rows[i] for i in places),
            runs=tuple(self.runs[i] for i in places),
            gaps=tuple(self.gaps[i] for i in places),
            out=out,
        )


def _before(runs: Sequence[Run], cut: int) -> list[Run]:
    return [part for part in (run.before(cut) for run in runs) if len(part)]


def found(every: Read, asked: Asked, where: str) -> Found:
    """Step, runs, splits, season and the size of windows. Raises DataError, UsageError."""
    rows = tuple(one for one in every.series if not np.isnan(one.value).all())
    if not rows:
        raise DataError(text("data.panel.no_values", path=where))
    clock = clock_for(every, rows, where)
    pairs = [runs_of(one, clock, asked.gaps, asked.fill) for one in rows]
    runs, gaps = tuple(tuple(r) for r, _ in pairs), tuple(tuple(g) for _, g in pairs)
    keep = [i for i, of_series in enumerate(runs) if of_series]
    rows, runs, gaps = (tuple(each[i] for i in keep) for each in (rows, runs, gaps))  # type: ignore[assignment]
    if not rows:
        raise DataError(text("data.panel.no_values", path=where))
    if asked.gaps == "refuse" and any(gaps):
        items = [
            gap_text(clock, one.name, gap) for one, of in zip(rows, gaps, strict=True) for gap in of
        ]
        raise DataError(text("data.panel.gaps", path=where), items=items)
    ends = (asked.val, asked.test, asked.until)
    first = cuts_of(runs, clock, asked.horizon or 1, ends)
    training = [_before(of_series, first.val) for of_series in runs]
    season = shape.season_of(training, clock) if asked.season is None else asked.season
    horizon = asked.horizon or season or DEFAULT
    length = asked.length or max(2 * (season or DEFAULT), horizon)
    if season > length:
        if asked.season is not None:
            raise UsageError(
                text("data.windows.season", season=season, length=length),
                do=text("data.windows.season.do", length=length),
            )
        season = 0  # the user's length does not hold one
    cuts = cuts_of(runs, clock, horizon, ends)
    about = (every.layout, every.reading, season, length, horizon)
    state = Found(where, rows, runs, gaps, clock, cuts, *about)
    return _long_enough(state)


def clock_for(every: Read, rows: Sequence[Rows], where: str) -> Clock:
    """The clock of series. Raises DataError if they have none."""
    try:
        clock = clock_of([one.times[~np.isnan(one.value)] for one in rows], every.dated)
    except InvalidValue as error:
        raise DataError(
            text("data.panel.no_step", path=where, why=error.what),
            do=text("data.panel.no_step.do"),
        ) from None
    written = any(one.offsets.any() for one in rows)
    return clock.model_copy(
        update={"utc": every.utc, "zone": every.layout.zone, "written": written}
    )


def gap_text(clock: Clock, name: str, gap: Gap) -> Text:
    """A gap in words: the series and its first and last missing step."""
    key = "data.panel.gap.series" if name else "data.panel.gap"
    ends = {"first": clock.at(gap.first), "last": clock.at(gap.last)}
    return text(key, series=plain(name), steps=gap.steps, **ends)


def _long_enough(state: Found) -> Found:
    """The series that have a training window. Raises DataError if none has."""
    keep, out, most = [], [], 0
    for place, (one, runs) in enumerate(zip(state.rows, state.training, strict=True)):
        longest = max((len(run) for run in runs), default=0)
        most = max(most, longest)
        if longest >= state.length + state.horizon:
            keep.append(place)
            continue
        about = {"series": plain(one.name), "steps": longest}
        needed = {"length": state.length, "horizon": state.horizon}
        out.append(text("data.panel.short", **about, **needed))
    if not keep:
        raise DataError(
            text("data.panel.all_short", path=state.where),
            items=out,
            do=text("data.panel.all_short.do", steps=most),
        )
    return state.only(keep, tuple(out))


def panel(state: Found, asked: Asked, unit: str) -> Panel:
    """The Panel of series, learned from their training parts. Raises DataError, UsageError."""
    training, columns = state.training, state.layout.seen or state.layout.known
    log = _log(state, asked)
    scales = tuple(
        _scale(one.name, runs, log, state.season)
        for one, runs in zip(state.rows, training, strict=True)
    )
    if asked.identity and len(scales) > MOST_IDENTITIES:
        raise UsageError(text("data.panel.identities", count=len(scales), most=MOST_IDENTITIES))
    return Panel(
        layout=state.layout,
        clock=state.clock,
        length=state.length,
        horizon=state.horizon,
        season=state.season,
        gaps=asked.gaps,
        fill=asked.fill if asked.gaps == "fill" else 0,
        calendar=_calendar(state, asked.calendar),
        identity=asked.identity and len(scales) > 1,
        log=log,
        # Other columns have their absolute scale, to which a window's own scale would not fit.
        relative=asked.relative == "yes" or (asked.relative == "auto" and not columns),
        unit=unit,
        series=scales,
        seen=_spans([run.seen for runs in training for run in runs]),
        known=_spans([run.known for runs in training for run in runs]),
        static=_fixed([one.static for one in state.rows]),
    )


def _log(state: Found, asked: Asked) -> bool:
    if asked.log == "no":
        return False
    low = min(float(run.value.min()) for runs in state.runs for run in runs)
    if asked.log == "yes":
        if low <= 0:
            raise DataError(text("data.panel.log", path=state.where, low=low))
        return True
    return low > 0 and shape.grows_by_factors(state.training, state.season)


def _calendar(state: Found, asked: Calendar) -> tuple[Part, ...]:
    if asked == "auto":
        return shape.parts_of(state.training, state.clock, state.season, state.length)
    if asked == "none":
        return ()
    if state.clock.kind == "steps":
        raise UsageError(text("data.panel.calendar"))
    return ("day", "week", "year") if asked == "all" else (asked,)


def _scale(name: str, runs: Sequence[Run], log: bool, season: int) -> Scale:
    """Mean, standard deviation and error of the naive forecast of the training part of a series."""
    values = np.concatenate([run.value[~run.filled] for run in runs])
    lag = season or 1
    changes = [np.abs(run.value[lag:] - run.value[:-lag]) for run in runs if len(run) > lag]
    plain_ = np.log(values) if log else values
    # Centred first: the sum of values far from zero would lose digits.
    mean = float(plain_[0] + (plain_ - plain_[0]).mean())
    std = float((plain_ - plain_[0]).std()) or 1.0
    naive = float(np.concatenate(changes).mean()) if changes else 0.0
    return Scale(name=name, mean=mean, std=std, naive=naive or float(values.std()) or 1.0)


def _spans(parts: Sequence[np.ndarray]) -> tuple[tuple[float, float], ...]:
    """(mean, standard deviation) of each feature, over all series."""
    values = np.concatenate(parts)
    if not values.shape[1]:
        return ()
    stds = values.std(0)
    return tuple((float(m), float(s) or 1.0) for m, s in zip(values.mean(0), stds, strict=True))


def _fixed(parts: Sequence[np.ndarray]) -> tuple[tuple[float, ...], ...]:
    """The static features of each series, standardised over the series."""
    values = np.nan_to_num(np.stack(parts))
    if not values.shape[1]:
        return ()
    std = values.std(0)
    scaled = (values - values.mean(0)) / np.where(std > 0, std, 1.0)
    return tuple(tuple(map(float, row)) for row in scaled)


def cut(state: Found, panel: Panel, part: str, stride: int) -> Windows:
    """The windows of a split. Raises DataError for more than memory should hold."""
    cuts = state.cuts
    first, end = {
        "train": (cuts.first, cuts.val), "val": (cuts.val, cuts.test), "test": (cuts.test, cuts.end)
    }[part]  # fmt: skip
    count = sum(
        -(-len(starts_of(run, panel, first, end)) // stride) for runs in state.runs for run in runs
    )
    size = count * panel.steps * panel.channels * 4
    if size > MOST_BYTES:
        more = stride * -(-size // MOST_BYTES)
        raise UsageError(
            text("data.panel.memory", count=count, size=size >> 30),
            do=text("data.panel.memory.do", stride=more),
        )
    return windows(state.runs, panel, first, end, stride)
