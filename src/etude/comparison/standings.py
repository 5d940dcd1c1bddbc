"""What came out of a comparison by rules: the standing of each contender, and their differences.

The values are computed from the outcomes alone. Sentences, tables, pictures and the JSON of
`compare --json` are made of them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from etude.comparison.differences import Finding, best_against_others
from etude.comparison.protocol import (
    Contender,
    Outcomes,
    Point,
    Rules,
    best_point,
    default_point,
    points,
    run_specs,
    score,
    searched_rates,
    three_digits,
)
from etude.stats import Interval, mean_interval, metric_of


@dataclass(frozen=True)
class PointResult:
    """One learning rate and schedule of the search.

    values: validation metric per seed, None where the run diverged. score: their mean, None if a
    run diverged. diverged: number of these runs.
    """

    rate: float
    schedule: str
    values: tuple[float | None, ...]
    score: float | None
    diverged: int


@dataclass(frozen=True)
class Choice:
    """The chosen point. edge: whether its rate is the lowest or highest that was searched."""

    rate: float
    schedule: str
    score: float
    edge: bool


@dataclass(frozen=True)
class FreshResult:
    """One point on fresh seeds.

    members: labels of the runs. test: results of those that did not diverge; mean, median and the
    95 % interval of the mean are theirs. samples: number of test samples.
    """

    rate: float
    schedule: str
    members: tuple[str, ...]
    test: tuple[float, ...]
    samples: int | None
    mean: float | None
    median: float | None
    interval: Interval | None
    diverged: int


@dataclass(frozen=True)
class TimeToTarget:
    """Epochs and seconds of training until each run reaches the target, None if it never does, and
    their medians. reached: number of runs that do."""

    epochs: tuple[int | None, ...]
    seconds: tuple[float | None, ...]
    median_epochs: float | None
    median_seconds: float | None
    reached: int


@dataclass(frozen=True)
class Extended:
    """Steps by which the rates were extended beyond those of the rules, at both sides."""

    down: int
    up: int


@dataclass(frozen=True)
class RunCounts:
    """Number of runs of the search and on fresh seeds."""

    search: int
    final: int


@dataclass(frozen=True)
class Standing:
    """What came out for one contender.

    goal: the metric that decides. epochs: of each run. default_rate: the preset's. grid: all points
    of the search. chosen: None if a run diverged at every point. tuned, default: results on fresh
    seeds at the chosen point and at the preset's rate. to_target: None without a target.
    """

    label: str
    goal: str
    epochs: int
    default_rate: float
    grid: tuple[PointResult, ...]
    extended: Extended
    runs: RunCounts
    chosen: Choice | None
    tuned: FreshResult | None
    default: FreshResult
    to_target: TimeToTarget | None = None


@dataclass(frozen=True)
class Findings:
    """The results of a finished comparison by rules.

    goal: the common metric of the contenders, "" if they have different ones. target: validation
    metric for the time to a target. verdicts: by "tuned" and "default", the best contender against
    each of the others.
    """

    goal: str
    rules: Rules
    target: float | None
    contenders: tuple[Standing, ...]
    verdicts: Mapping[str, Sequence[Finding]]

    @property
    def target_given(self) -> bool:
        """Whether the target was requested."""
        return self.rules.target is not None

    def plain(self) -> dict[str, object]:
        """Plain JSON values (see docs/verbs/compare.md)."""
        return {
            "goal": self.goal,
            "rules": self.rules.model_dump(mode="json", exclude={"target"}),
            "target": self.target,
            "target_given": self.target_given,
            "contenders": [asdict(one) for one in self.contenders],
            "verdicts": {
                kind: [each.plain() for each in findings]
                for kind, findings in self.verdicts.items()
            },
        }


def findings(contenders: Sequence[Contender], rules: Rules, outcomes: Outcomes) -> Findings:
    """The results of a finished comparison."""
    each = [_standing(contender, rules, outcomes) for contender in contenders]
    goals = {contender.goal for contender in contenders}
    goal = goals.pop() if len(goals) == 1 else ""
    # Different metrics cannot be compared: no target and no verdicts.
    target = _target(contenders, each, outcomes, rules.target) if goal else None
    if target is not None:
        each = [replace(one, to_target=_to_target(one, outcomes, target)) for one in each]
    verdicts = {}
    if goal:
        tuned = {one.label: one.tuned for one in each if one.tuned}
        default = {one.label: one.default for one in each}
        verdicts = {"tuned": _verdicts(tuned, goal), "default": _verdicts(default, goal)}
    return Findings(goal, rules, target, tuple(each), verdicts)


def _verdicts(groups: Mapping[str, FreshResult], goal: str) -> list[Finding]:
    tests = {label: group.test for label, group in groups.items()}
    samples = {label: group.samples for label, group in groups.items()}
    return best_against_others(tests, goal, samples)


def _standing(contender: Contender, rules: Rules, outcomes: Outcomes) -> Standing:
    """Results of one contender: its search, the chosen point, and the runs on fresh seeds."""
    rates = searched_rates(contender, rules, outcomes)
    best = best_point(contender, rules, rates, outcomes)
    below, above = rates.index(rules.rates[0]), len(rates) - 1 - rates.index(rules.rates[-1])
    search_runs = run_specs(contender, rules, points(rules, rates), rules.seeds, False)
    tuned = _fresh_result(contender, rules, best, outcomes) if best else None
    default = _fresh_result(contender, rules, default_point(contender, rules), outcomes)
    # A set: the two groups are the same runs where the chosen rate is the preset's.
    final_runs = {*(tuned.members if tuned else ()), *default.members}
    # The plan of a stranger may leave the epochs to the preset.
    epochs = contender.mapping.get("train", {}).get("epochs")
    epochs = epochs or max(len(outcomes[label].val) for label in default.members)
    chosen = None
    if best:
        # Still at an edge after all extensions: the report warns that the optimum may lie beyond.
        edge = len(rates) > 1 and best[0] in (rates[0], rates[-1])
        value = contender.sign * score(contender, rules, best, outcomes)
        chosen = Choice(rate=best[0], schedule=best[1], score=value, edge=edge)
    return Standing(
        label=contender.label,
        goal=contender.goal,
        epochs=epochs,
        default_rate=contender.default,
        grid=tuple(
            _point_result(contender, rules, point, outcomes) for point in points(rules, rates)
        ),
        extended=Extended(down=below, up=above),
        runs=RunCounts(search=len(search_runs), final=len(final_runs)),
        chosen=chosen,
        tuned=tuned,
        default=default,
    )


def _point_result(
    contender: Contender, rules: Rules, point: Point, outcomes: Outcomes
) -> PointResult:
    """Results of one point of the search."""
    specs = run_specs(contender, rules, [point], rules.seeds, False)
    values = tuple(outcomes[spec.label].best for spec in specs)
    mean = score(contender, rules, point, outcomes)
    return PointResult(
        rate=point[0],
        schedule=point[1],
        values=values,
        score=contender.sign * mean if mean > -math.inf else None,
        diverged=values.count(None),
    )


def _fresh_result(
    contender: Contender, rules: Rules, point: Point, outcomes: Outcomes
) -> FreshResult:
    """Test results of one point on fresh seeds."""
    labels = tuple(m.label for m in run_specs(contender, rules, [point], rules.fresh, True))
    test = [outcomes[label].test for label in labels]
    good = np.array([value for value in test if value is not None])
    counts = [samples for label in labels if (samples := outcomes[label].samples)]
    samples = min(counts, default=None)  # they differ only where samples have weights
    return FreshResult(
        rate=point[0],
        schedule=point[1],
        members=labels,
        test=tuple(good.tolist()),
        samples=samples,
        mean=float(good.mean()) if len(good) else None,
        median=float(np.median(good)) if len(good) else None,
        interval=mean_interval(good, contender.goal, samples) if len(good) else None,
        diverged=test.count(None),
    )


def _target(
    contenders: Sequence[Contender],
    each: Sequence[Standing],
    outcomes: Outcomes,
    requested: float | None,
) -> float | None:
    """The validation metric for the time to a target: as requested, or the best value that more
    than half of the chosen runs of every contender reach, to three digits.

    None if half of the runs of a contender, or more, diverged.
    """
    if requested is not None:
        return requested
    sign, peaks = contenders[0].sign, []
    for one in each:
        labels = one.tuned.members if one.tuned else ()
        curves = [[sign * v for v in outcomes[label].val] for label in labels]
        tops = sorted((max(curve) for curve in curves if curve), reverse=True)
        half = len(labels) // 2
        if half >= len(tops):
            return None
        # Descending, so tops[half] is reached by half + 1 runs: a majority.
        peaks.append(tops[half])
    worst = min(peaks)
    if not worst:  # log10(0)
        return 0.0
    # Round to three digits towards the worse side: the worst peak itself must reach the target.
    # 1e-9: a value of exactly three digits must not lose its last one to rounding errors.
    step = 10.0 ** (math.floor(math.log10(abs(worst))) - 2)
    return three_digits(sign * math.floor(worst / step + 1e-9) * step)


def _to_target(one: Standing, outcomes: Outcomes, target: float) -> TimeToTarget | None:
    """The time that the chosen runs of one contender need to reach the target; None if it has no
    chosen runs."""
    if not one.tuned:
        return None
    sign = -1 if metric_of(one.goal).lower_is_better else 1
    epochs: list[int | None] = []
    seconds: list[float | None] = []
    for label in one.tuned.members:
        outcome = outcomes[label]
        # 1e-12 forgives rounding errors of the metric; epochs count from 1.
        hits = (i for i, v in enumerate(outcome.val) if sign * v >= sign * target - 1e-12)
        first = next(hits, None)
        epochs.append(None if first is None else first + 1)
        seconds.append(None if first is None else outcome.seconds[first])
    return TimeToTarget(
        epochs=tuple(epochs),
        seconds=tuple(seconds),
        median_epochs=_median(epochs),
        median_seconds=_median(seconds),
        reached=sum(e is not None for e in epochs),
    )


def _median(values: Sequence[float | None]) -> float | None:
    """The median, where None (never) is larger than any value; None if the median is never."""
    median = float(np.median([math.inf if v is None else v for v in values]))
    return median if math.isfinite(median) else None
