"""What can be said of the differences between groups of runs: intervals, and "no difference" where
there is none.

Several seeds a group: B. L. Welch's interval of a difference of means (Biometrika 34, 1947), over
seeds. One run each, of classifiers: R. Newcombe's of a difference of shares (Stat. Med. 17, 1998,
method 10), over test samples. One run each of anything else has no interval, and that is said.
"""

from collections.abc import Mapping, Sequence
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


def verdicts(groups: Groups, lang: Lang = "en") -> list[str]:
    """The best group against each other one, a sentence each."""
    goal = next(iter(groups.values()))[0].result["goal"]
    sign = 1 if goal in LOWER_IS_BETTER else -1
    order = sorted(groups, key=lambda name: sign * values_of(groups[name]).mean())
    first, said = order[0], []
    for other in order[1:]:
        found = difference(groups[first], groups[other])
        values = {"first": first, "other": other, "goal": goal}
        if found is None:
            said.append(say(lang, "difference.untold", **values))
            continue
        low, high = sorted(abs(end) for end in found)
        ends = {"low": number(low, goal), "high": number(high, goal)}
        if found[0] <= 0 <= found[1]:
            gap = number(abs(found[0] + found[1]) / 2, goal)
            half = number((found[1] - found[0]) / 2, goal)
            said.append(say(lang, "difference.none", gap=gap, half=half, **values))
        else:
            said.append(say(lang, "difference.some", **ends, **values))
    return said


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
