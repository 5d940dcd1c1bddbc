"""What can be said of the differences between groups of runs: intervals, and "no difference" where
there is none.

Several seeds a group: B. L. Welch's interval of a difference of means (Biometrika 34, 1947), over
seeds. One run each, of classifiers: R. Newcombe's of a difference of shares (Stat. Med. 17, 1998,
method 10), over test samples. One run each of anything else has no interval, and that is said.
"""

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from typing import Any

import numpy as np

from etude.draw.texts import Lang, say
from etude.look.words import LOWER_IS_BETTER, number

Groups = Mapping[str, Sequence[Any]]
Interval = tuple[float, float]


def values_of(runs: Sequence[Any]) -> np.ndarray:
    """The test results [n] of runs."""
    return np.array([run.test[run.result["goal"]] for run in runs])


def mean_interval(values: np.ndarray) -> Interval | None:
    """The 95 % interval of a mean by Student's t; None of a single value."""
    from scipy import stats

    if len(values) < 2:
        return None
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def welch(a: np.ndarray, b: np.ndarray) -> Interval:
    """The 95 % interval of mean(a) - mean(b), each of two values or more."""
    from scipy import stats

    parts = [x.var(ddof=1) / len(x) for x in (a, b)]
    error = sqrt(sum(parts))
    gap = float(a.mean() - b.mean())
    if not error:
        return gap, gap
    freedom = error**4 / sum(p**2 / (len(x) - 1) for p, x in zip(parts, (a, b)))
    half = float(stats.t.ppf(0.975, freedom)) * error
    return gap - half, gap + half


def newcombe(a: Mapping[str, Any], b: Mapping[str, Any]) -> Interval:
    """The 95 % interval of a difference of accuracies, from two test results."""
    (low_a, high_a), (low_b, high_b) = a["accuracy_95"], b["accuracy_95"]
    p, q = a["accuracy"], b["accuracy"]
    return (
        p - q - sqrt((p - low_a) ** 2 + (high_b - q) ** 2),
        p - q + sqrt((high_a - p) ** 2 + (q - low_b) ** 2),
    )


def difference(a: Sequence[Any], b: Sequence[Any]) -> Interval | None:
    """The 95 % interval of a's result less b's; None where nothing can be told."""
    if len(a) > 1 and len(b) > 1:
        return welch(values_of(a), values_of(b))
    if len(a) == len(b) == 1 and "accuracy_95" in a[0].test:
        return newcombe(a[0].test, b[0].test)
    return None


def compared(groups: Mapping[str, Sequence[float]], goal: str) -> list[dict[str, Any]]:
    """The best mean against each other one, over seeds: as `pairs`. Empty groups are left out."""
    values = {name: np.array(found) for name, found in groups.items() if len(found)}

    def interval(a: str, b: str) -> Interval | None:
        both = values[a], values[b]
        return welch(*both) if min(map(len, both)) > 1 else None

    return pairs({name: float(found.mean()) for name, found in values.items()}, goal, interval)


def pairs(
    means: Mapping[str, float], goal: str, interval: Callable[[str, str], Interval | None]
) -> list[dict[str, Any]]:
    """The best against each other one: first, other, low and high of the 95 % interval of their
    difference, and the verdict: "some", "none" where it holds zero, "untold" if there is none."""
    sign = 1 if goal in LOWER_IS_BETTER else -1
    first, *others = sorted(means, key=lambda name: sign * means[name]) or [""]
    found = []
    for other in others:
        low, high = interval(first, other) or (None, None)
        verdict = "untold" if low is None or high is None else "some"
        if low is not None and high is not None and low <= 0 <= high:
            verdict = "none"
        pair = {"first": first, "other": other, "low": low, "high": high, "verdict": verdict}
        found.append(pair)
    return found


def worded(pair: Mapping[str, Any], goal: str, lang: Lang = "en") -> str:
    """One of `pairs` as a sentence."""
    values = {"first": pair["first"], "other": pair["other"], "goal": goal}
    if pair["verdict"] == "untold":
        return say(lang, "difference.untold", **values)
    ends = pair["low"], pair["high"]
    if pair["verdict"] == "none":
        gap, half = number(abs(sum(ends)) / 2, goal), number((ends[1] - ends[0]) / 2, goal)
        return say(lang, "difference.none", gap=gap, half=half, **values)
    low, high = (number(end, goal) for end in sorted(map(abs, ends)))
    return say(lang, "difference.some", low=low, high=high, **values)


def verdicts(groups: Groups, lang: Lang = "en") -> list[str]:
    """The best group against each other one, a sentence each."""
    goal = next(iter(groups.values()))[0].result["goal"]
    means = {name: float(values_of(runs).mean()) for name, runs in groups.items()}
    found = pairs(means, goal, lambda a, b: difference(groups[a], groups[b]))
    return [worded(pair, goal, lang) for pair in found]


def table_of(groups: Groups, lang: Lang = "en") -> list[list[str]]:
    """Results by group, head first: runs, mean with its interval, span, parameters, seconds."""
    table = [say(lang, "difference.head").split("|")]
    for name, runs in groups.items():
        goal, unit = runs[0].result["goal"], runs[0].test.get("unit", "")
        values = values_of(runs)
        interval = mean_interval(values) or runs[0].test.get("accuracy_95")
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
