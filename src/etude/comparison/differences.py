"""Differences between groups of runs: confidence intervals, verdicts and their sentences.

A verdict is "no difference" wherever the interval contains zero. The statistics are in `stats.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from etude import stats
from etude.inspection.words import number
from etude.locale.texts import Lang, say
from etude.stats import mean_interval, metric_of

Groups = Mapping[str, Sequence[Any]]


def goal_values(runs: Sequence[Any]) -> np.ndarray:
    """Test results [n] of runs, in the metric that each run is judged by."""
    return np.array([run.result.score for run in runs])


def sample_count(runs: Sequence[Any]) -> int | None:
    """Number of test samples behind the results of these runs; None if no run records it."""
    return next((run.result.test.samples for run in runs if run.result.test.samples), None)


def best_against_others(
    groups: Mapping[str, Sequence[float]],
    goal: str,
    samples: Mapping[str, int | None] | int | None = None,
) -> list[dict[str, Any]]:
    """Compare the group with the best mean with every other group, one row per other group.

    A row holds the names `first` and `other`, `low` and `high` of the 95 % interval of their
    difference, and a verdict: "some" difference, "none" where the interval contains zero, "untold"
    where no interval can be computed. The intervals hold simultaneously for all `pairs` of groups.

    groups: results by group, one per seed; empty groups are left out. samples: size of the test
    split, per group or for all; metrics that are fractions need it (see stats.py).
    """
    values = {name: list(results) for name, results in groups.items() if len(results)}
    if not values:
        return []
    counts = samples if isinstance(samples, Mapping) else dict.fromkeys(values, samples)
    sign = 1 if metric_of(goal).lower_is_better else -1  # sorted ascending, the best first
    means = {name: float(np.mean(results)) for name, results in values.items()}
    first, *others = sorted(means, key=lambda name: sign * means[name])
    # The best group is selected after looking at the results, so the correction counts every pair
    # of groups and not only those reported below.
    pairs = len(values) * (len(values) - 1) // 2
    # A pair that happens to vary less than the groups do on average is not trusted more for it:
    # stats.difference lowers its degrees of freedom by this mean.
    spread = float(np.mean([stats.seeds_variance(np.array(v)) for v in values.values()]))
    rows = []
    for other in others:
        both = counts.get(first), counts.get(other)
        ends = stats.difference(values[first], values[other], goal, both, pairs, spread)
        row: dict[str, Any] = {"first": first, "other": other, "low": None, "high": None}
        row |= {"gap": means[first] - means[other], "runs": len(values[first]), "pairs": pairs}
        if ends:
            row |= {"low": ends[0], "high": ends[1]}
        rows.append({**row, "verdict": _verdict(ends, means[first] == means[other])})
    return rows


def _verdict(ends: stats.Interval | None, equal: bool) -> str:
    if ends is None:
        return "none" if equal else "untold"
    return "none" if ends[0] <= 0 <= ends[1] else "some"


def pair_sentence(pair: Mapping[str, Any], goal: str, lang: Lang = "en") -> str:
    """One row of `best_against_others` as a sentence."""
    values = {"first": pair["first"], "other": pair["other"], "goal": goal}
    if pair["verdict"] == "untold":
        return say(lang, "difference.untold", **values)
    if pair["low"] is None or not pair["gap"]:
        return say(lang, "difference.equal", **values)
    # The sentence for a clear difference states its direction in words, so both ends are given by
    # their size, the smaller first. Otherwise the signs matter: the interval contains zero.
    ends = sorted((pair["low"], pair["high"]), key=abs if pair["verdict"] == "some" else float)
    if pair["verdict"] == "some":
        ends = [abs(end) for end in ends]
    low, high = (gap_text(end, goal) for end in ends)
    unit = say(lang, "difference.points") if metric_of(goal).share else ""
    gap = gap_text(abs(pair["gap"]), goal)
    key = "difference.some" if pair["verdict"] == "some" else "difference.none"
    return say(lang, key, low=low, high=high, gap=gap, unit=unit, **values)


def gap_text(gap: float, goal: str) -> str:
    """The difference of two values of a metric as text; for percentages, in points."""
    return f"{100 * gap:.1f}" if metric_of(goal).share else number(gap, goal)


def pair_sentences(pairs: Sequence[Mapping[str, Any]], goal: str, lang: Lang = "en") -> list[str]:
    """All rows of `best_against_others` as sentences, then the footnotes that apply to them."""
    return [*(pair_sentence(pair, goal, lang) for pair in pairs), *footnotes(pairs, lang)]


def footnotes(pairs: Sequence[Mapping[str, Any]], lang: Lang = "en") -> list[str]:
    """Footnotes for rows of `best_against_others`: the number of pairs that the intervals are
    corrected for, and that a single run per group says nothing about the method."""
    lines = []
    if any(pair["low"] is not None and pair["pairs"] > 1 for pair in pairs):
        lines.append(say(lang, "difference.corrected", count=pairs[0]["pairs"]))
    if any(pair["runs"] == 1 and pair["verdict"] == "some" for pair in pairs):
        lines.append(say(lang, "difference.single"))
    return lines


def group_differences(groups: Groups) -> list[dict[str, Any]]:
    """`best_against_others` for groups of finished runs that share one metric."""
    goal = next(iter(groups.values()))[0].result.goal
    values = {name: goal_values(runs).tolist() for name, runs in groups.items()}
    samples = {name: sample_count(runs) for name, runs in groups.items()}
    return best_against_others(values, goal, samples)


def difference_sentences(groups: Groups, lang: Lang = "en") -> list[str]:
    """The best group against each other one, a sentence each, and what holds for all."""
    goal = next(iter(groups.values()))[0].result.goal
    return pair_sentences(group_differences(groups), goal, lang)


def results_table(groups: Groups, lang: Lang = "en") -> list[list[str]]:
    """Table of results by group, with the head first: number of runs, mean and its interval, range,
    parameters, mean seconds of training."""
    table = [say(lang, "difference.head").split("|")]
    for name, runs in groups.items():
        goal, unit = runs[0].result.goal, runs[0].result.test.unit
        values = goal_values(runs)
        interval = mean_interval(values, goal, sample_count(runs))
        ends = " - ".join(number(end, goal) for end in interval) if interval else "-"
        table.append(
            [
                name,
                str(len(runs)),
                f"{goal} {number(float(values.mean()), goal, unit)}",
                ends,
                f"{number(values.min(), goal)} - {number(values.max(), goal)}",
                f"{runs[0].result.parameters:,}",
                f"{np.mean([run.seconds for run in runs]):.1f}",
            ]
        )
    return table
