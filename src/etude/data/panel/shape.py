"""What is decided about series by their training part: season, logarithm, parts of the calendar."""

from collections.abc import Sequence

import numpy as np

from etude.data.panel.card import Part
from etude.data.panel.clock import DAY, Clock, calendar
from etude.data.panel.windows import Run

CORRELATED = 0.3
"""Autocorrelation at a season, above which there is one."""
PERIODS = 3
"""Fewest seasons in which one can be seen."""
GROWS = 0.5
"""Slope of the spread over the level, both as logarithms, above which values grow by factors: 0 if
the spread is constant, 1 if it is proportional to the level."""
BLOCKS = 6
EXPLAINED = 0.05
"""Share of the variance that a part of the calendar must explain to become a feature."""


def season_of(runs: Sequence[Sequence[Run]], clock: Clock) -> int:
    """Steps in one season: the first of those of the clock at which the series are correlated with
    themselves; 0 if there is none."""
    for season in clock.seasons:
        found = [
            correlation(run.value, season)
            for of_series in runs
            for run in of_series
            if len(run) >= PERIODS * season
        ]
        if found and float(np.median(found)) > CORRELATED:
            return season
    return 0


def correlation(values: np.ndarray, season: int) -> float:
    """The autocorrelation of a series [n] at a season, after subtraction of the moving average over
    one season: a series that only wanders is correlated with itself at every distance."""
    weights = np.full(season, 1.0) if season % 2 else np.r_[0.5, np.ones(season - 1), 0.5]
    weights /= weights.sum()
    half = len(weights) // 2
    level = np.convolve(values, weights, "valid")
    rest = values[half : half + len(level)] - level
    if len(rest) <= season or not (rest.std() > 1e-9 * (np.abs(values).max() or 1)):
        return 0.0
    rest = rest - rest.mean()
    return float((rest[season:] * rest[:-season]).sum() / (rest**2).sum())


def grows_by_factors(runs: Sequence[Sequence[Run]], season: int) -> bool:
    """Whether all values are positive, and in most series the spread grows with the level."""
    if any((run.value <= 0).any() for of_series in runs for run in of_series):
        return False
    votes = []
    for of_series in runs:
        long = max(of_series, key=len, default=None)
        if long is None:
            continue
        # Blocks of whole seasons: within a season the level itself goes up and down.
        size = season or max(len(long) // (2 * BLOCKS), 4)
        count = len(long) // size
        if count < BLOCKS:
            continue
        blocks = long.value[: count * size].reshape(count, size)
        trend = blocks - np.linspace(-0.5, 0.5, size) * np.gradient(blocks.mean(1))[:, None]
        level, spread = np.log(blocks.mean(1)), np.log(trend.std(1) + 1e-12)
        if level.std() < 0.1:  # a level that hardly changes shows nothing
            votes.append(False)
            continue
        slope = np.polyfit(level, spread, 1)[0]
        fits = np.corrcoef(level, spread)[0, 1] > GROWS
        votes.append(bool(slope > GROWS and fits))
    return bool(votes) and sum(votes) > len(votes) / 2


def parts_of(
    runs: Sequence[Sequence[Run]], clock: Clock, season: int, length: int
) -> tuple[Part, ...]:
    """The parts of the calendar that explain what the input of a window does not show.

    Compared with the value one season (or one step) before, the mean of each weekday, hour or month
    in the first half of the steps must explain EXPLAINED of the variance in the second half.
    """
    if clock.kind == "steps":
        return ()
    day = clock.kind == "time" and clock.step < DAY
    spans: list[tuple[Part, int]] = []
    if day:
        spans.append(("day", 24))
    if clock.kind != "months" and not (clock.kind == "time" and clock.step >= 7 * DAY):
        spans.append(("week", 7))
    spans.append(("year", 12))
    lag = season or 1
    chosen: list[Part] = []
    for part, bins in spans:
        shares = [
            _explained(run, clock, part, bins, lag)
            for of_series in runs
            for run in of_series
            if len(run) > max(4 * bins, 3 * lag, length)
        ]
        if shares and float(np.median(shares)) > EXPLAINED:
            chosen.append(part)
    return tuple(chosen)


def _explained(run: Run, clock: Clock, part: Part, bins: int, lag: int) -> float:
    """The share of the variance of changes in the second half that means of the first explain."""
    change = run.value[lag:] - run.value[:-lag]
    place = (calendar(clock, run.numbers[lag:], run.offsets[lag:], part) * bins).astype(int)
    half = len(change) // 2
    counts = np.bincount(place[:half], minlength=bins)
    # A part that training saw less than twice is not known to repeat.
    if part == "year" and run.numbers[half] - run.numbers[0] < 366 * DAY // max(clock.step, DAY):
        return 0.0
    sums = np.bincount(place[:half], change[:half], minlength=bins)
    means = sums / np.maximum(counts, 1)
    later, guess = change[half:], means[place[half:]]
    spread = float(((later - change[:half].mean()) ** 2).sum())
    return 1 - float(((later - guess) ** 2).sum()) / spread if spread else 0.0
