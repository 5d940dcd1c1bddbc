"""What can be said of the differences between groups of runs, in words: their intervals, and "no
difference" where there is none. The numbers are of `inspection/stats.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from etude import stats
from etude.inspection.words import number
from etude.locale.texts import Lang, say
from etude.stats import LOWER_IS_BETTER, SHARES, mean_interval

Groups = Mapping[str, Sequence[Any]]


def values_of(runs: Sequence[Any]) -> np.ndarray:
    """The test results [n] of runs."""
    return np.array([run.test[run.result["goal"]] for run in runs])


def samples_of(runs: Sequence[Any]) -> int | None:
    """Test samples of runs; None where they do not say."""
    return next((run.test["samples"] for run in runs if run.test.get("samples")), None)


def compared(
    groups: Mapping[str, Sequence[float]],
    goal: str,
    samples: Mapping[str, int | None] | int | None = None,
) -> list[dict[str, Any]]:
    """The best mean against each other one: first, other, low and high of the 95 % interval of
    their difference, and the verdict: "some", "none" where it holds zero, "untold" if there is no
    interval. The intervals hold at once for all `pairs` of the groups.

    groups: the results of each, one a seed; empty ones are left out. samples: of the test split of
    each, or of all, which shares need (see inspection/stats.py).
    """
    values = {name: list(found) for name, found in groups.items() if len(found)}
    if not values:
        return []
    counts = samples if isinstance(samples, Mapping) else dict.fromkeys(values, samples)
    sign = 1 if goal in LOWER_IS_BETTER else -1
    means = {name: float(np.mean(found)) for name, found in values.items()}
    first, *others = sorted(means, key=lambda name: sign * means[name])
    pairs = len(values) * (len(values) - 1) // 2
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


def worded(pair: Mapping[str, Any], goal: str, lang: Lang = "en") -> str:
    """One of `compared` as a sentence."""
    values = {"first": pair["first"], "other": pair["other"], "goal": goal}
    if pair["verdict"] == "untold":
        return say(lang, "difference.untold", **values)
    if pair["low"] is None or not pair["gap"]:
        return say(lang, "difference.equal", **values)
    ends = sorted((pair["low"], pair["high"]), key=abs if pair["verdict"] == "some" else float)
    if pair["verdict"] == "some":
        ends = [abs(end) for end in ends]
    low, high = (apart(end, goal) for end in ends)
    unit = say(lang, "difference.points") if goal in SHARES else ""
    gap = apart(abs(pair["gap"]), goal)
    key = "difference.some" if pair["verdict"] == "some" else "difference.none"
    return say(lang, key, low=low, high=high, gap=gap, unit=unit, **values)


def apart(gap: float, goal: str) -> str:
    """A difference of two of a goal's values as a person writes it: of percentages in points."""
    return f"{100 * gap:.1f}" if goal in SHARES else number(gap, goal)


def all_worded(pairs: Sequence[Mapping[str, Any]], goal: str, lang: Lang = "en") -> list[str]:
    """`compared` as sentences, and what holds for all of them."""
    return [*(worded(pair, goal, lang) for pair in pairs), *footnotes(pairs, lang)]


def footnotes(pairs: Sequence[Mapping[str, Any]], lang: Lang = "en") -> list[str]:
    """What holds for all of `compared`: for how many pairs, and that one run each is no method."""
    said = []
    if any(pair["low"] is not None and pair["pairs"] > 1 for pair in pairs):
        said.append(say(lang, "difference.corrected", count=pairs[0]["pairs"]))
    if any(pair["runs"] == 1 and pair["verdict"] == "some" for pair in pairs):
        said.append(say(lang, "difference.single"))
    return said


def judged(groups: Groups) -> list[dict[str, Any]]:
    """`compared` of groups of finished runs with one goal."""
    goal = next(iter(groups.values()))[0].result["goal"]
    values = {name: values_of(runs).tolist() for name, runs in groups.items()}
    samples = {name: samples_of(runs) for name, runs in groups.items()}
    return compared(values, goal, samples)


def verdicts(groups: Groups, lang: Lang = "en") -> list[str]:
    """The best group against each other one, a sentence each, and what holds for all."""
    goal = next(iter(groups.values()))[0].result["goal"]
    return all_worded(judged(groups), goal, lang)


def table_of(groups: Groups, lang: Lang = "en") -> list[list[str]]:
    """Results by group, head first: runs, mean with its interval, span, parameters, seconds."""
    table = [say(lang, "difference.head").split("|")]
    for name, runs in groups.items():
        goal, unit = runs[0].result["goal"], runs[0].test.get("unit", "")
        values = values_of(runs)
        interval = mean_interval(values, goal, samples_of(runs))
        ends = " - ".join(number(end, goal) for end in interval) if interval else "-"
        table.append(
            [
                name,
                str(len(runs)),
                f"{goal} {number(float(values.mean()), goal, unit)}",
                ends,
                f"{number(values.min(), goal)} - {number(values.max(), goal)}",
                f"{runs[0].result['parameters']:,}",
                f"{np.mean([run.seconds for run in runs]):.1f}",
            ]
        )
    return table
