"""Differences between groups of runs: confidence intervals, verdicts and their sentences.

A verdict is "no difference" wherever the interval contains zero. The statistics are in `stats.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from etude import stats
from etude.inspection.words import number
from etude.locale.texts import Lang, metric, say
from etude.stats import mean_interval, metric_of

if TYPE_CHECKING:
    from etude.inference.run import Run

Groups = Mapping[str, Sequence["Run"]]
Verdict = Literal["some", "none", "untold"]
"""A difference; none, because the interval contains zero; unknown, because there is no interval."""


@dataclass(frozen=True)
class Finding:
    """The difference between the best of several groups of runs and one of the others.

    goal: the metric, whose unit all values have. interval: the 95 % interval of the difference
    `first` minus `other`; the intervals hold simultaneously for all `pairs` of groups. gap: the
    difference of the means. runs: number of runs of `first`.
    """

    goal: str
    first: str
    other: str
    interval: stats.Interval | None
    gap: float
    runs: int
    pairs: int
    verdict: Verdict

    def plain(self) -> dict[str, object]:
        """Plain JSON values; the goal is that of the whole comparison."""
        low, high = self.interval or (None, None)
        return {
            "first": self.first, "other": self.other, "low": low, "high": high, "gap": self.gap,
            "runs": self.runs, "pairs": self.pairs, "verdict": self.verdict,
        }  # fmt: skip


def goal_values(runs: Sequence["Run"]) -> np.ndarray:
    """Test results [n] of runs, in the metric that each run is judged by."""
    return np.array([run.result.score for run in runs])


def sample_count(runs: Sequence["Run"]) -> int | None:
    """Number of test samples that decides how certain the results of these runs are, the smallest;
    None if no run records it."""
    return min(
        (run.result.test.certainty for run in runs if run.result.test.certainty), default=None
    )


def best_against_others(
    groups: Mapping[str, Sequence[float]],
    goal: str,
    samples: Mapping[str, int | None] | int | None = None,
) -> list[Finding]:
    """Compare the group with the best mean with every other group, one finding per other group.

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
    findings = []
    for other in others:
        both = counts.get(first), counts.get(other)
        ends = stats.difference(values[first], values[other], goal, both, pairs, spread)
        findings.append(
            Finding(
                goal=goal,
                first=first,
                other=other,
                interval=ends,
                gap=means[first] - means[other],
                runs=len(values[first]),
                pairs=pairs,
                verdict=_verdict(ends, means[first] == means[other]),
            )
        )
    return findings


def _verdict(ends: stats.Interval | None, equal: bool) -> Verdict:
    if ends is None:
        return "none" if equal else "untold"
    return "none" if ends[0] <= 0 <= ends[1] else "some"


def finding_sentence(finding: Finding, lang: Lang = "en") -> str:
    """A finding as a sentence."""
    goal = finding.goal
    values = {"first": finding.first, "other": finding.other, "goal": goal}
    if finding.verdict == "untold":
        return say(lang, "difference.untold", **values)
    if finding.interval is None or not finding.gap:
        return say(lang, "difference.equal", **values)
    # The sentence for a clear difference states its direction in words, so both ends are given by
    # their size, the smaller first. Otherwise the signs matter: the interval contains zero.
    clear = finding.verdict == "some"
    ends = sorted(abs(end) if clear else end for end in finding.interval)
    low, high = (gap_text(end, goal) for end in ends)
    key = "difference.some" if clear else "difference.none"
    values |= {"gap": gap_text(abs(finding.gap), goal), "unit": gap_unit(goal, lang)}
    return say(lang, key, low=low, high=high, **values)


def gap_text(gap: float, goal: str) -> str:
    """The difference of two values of a metric as text; for percentages, in points."""
    return f"{100 * gap:.1f}" if metric_of(goal).share else number(gap, goal)


def gap_unit(goal: str, lang: Lang) -> str:
    """The unit of a difference, as it follows the number."""
    return say(lang, "difference.points") if metric_of(goal).share else ""


def finding_sentences(findings: Sequence[Finding], lang: Lang = "en") -> list[str]:
    """All findings as sentences, then the footnotes that apply to them."""
    return [*(finding_sentence(each, lang) for each in findings), *footnotes(findings, lang)]


def footnotes(findings: Sequence[Finding], lang: Lang = "en") -> list[str]:
    """Footnotes for findings: the number of pairs that the intervals are corrected for, and that a
    single run per group says nothing about the method."""
    lines = []
    if any(each.interval and each.pairs > 1 for each in findings):
        lines.append(say(lang, "difference.corrected", count=findings[0].pairs))
    if any(each.runs == 1 and each.verdict == "some" for each in findings):
        lines.append(say(lang, "difference.single"))
    return lines


def group_differences(groups: Groups) -> list[Finding]:
    """`best_against_others` for groups of finished runs that share one metric."""
    goal = next(iter(groups.values()))[0].result.goal
    values = {name: goal_values(runs).tolist() for name, runs in groups.items()}
    samples = {name: sample_count(runs) for name, runs in groups.items()}
    return best_against_others(values, goal, samples)


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
                f"{metric(goal, lang)} {number(float(values.mean()), goal, unit)}",
                ends,
                f"{number(values.min(), goal)} - {number(values.max(), goal)}",
                f"{runs[0].result.parameters:,}",
                f"{np.mean([run.seconds for run in runs]):.1f}",
            ]
        )
    return table
