"""The protocol of a comparison by rules, as pure functions of the outcomes so far.

Each contender (a model on data with an optimizer) gets the same number of learning rates, half a
decade apart, each with every search seed and schedule. The rate and schedule with the best mean
validation metric over the seeds is chosen. If it lies at an edge, the rates are extended there by
one step, at most three times (A. Wilson et al., "The Marginal Value of Adaptive Gradient Methods",
2017). The chosen rate and the preset's rate are then trained on fresh seeds, and only those runs
are evaluated on the test split.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from etude.comparison.run_spec import Outcome, PlainRecipe, RunSpec
from etude.config import Config
from etude.recipe import Schedule
from etude.stats import metric_of

HALF_DECADE = math.sqrt(10.0)
MAX_EXTENSIONS = 3
"""Steps beyond the edges of the rates, of both sides together."""
FRESH_SEEDS = 5
"""Runs per final rate, on seeds that the search did not use."""

Outcomes = Mapping[str, Outcome]
"""Outcomes by the label of their run."""
Point = tuple[float, str]
"""A learning rate and a schedule."""


Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""A safe name of a folder: a plan can come from another user, so no "..", no "/"."""


class Contender(Config):
    """What is compared: a complete recipe whose rate, schedule and seed are replaced by the rules.

    goal: validation metric that decides. default: learning rate of the preset, whatever the
    optimizer.
    """

    label: Label
    mapping: PlainRecipe
    goal: str
    default: float

    @property
    def sign(self) -> int:
        """1 if higher values of the metric are better, else -1."""
        return -1 if metric_of(self.goal).lower_is_better else 1


Rate = Annotated[float, Field(gt=0)]


class Rules(Config):
    """The rules, the same for every contender.

    rates: ascending. seeds: of the search. fresh: seeds of the final runs. extends: whether rates
    may be added beyond an edge. target: validation metric for the time to a target. warmup:
    fraction of training steps used for warm-up, None for the default.
    """

    rates: tuple[Rate, ...] = Field(min_length=1)
    schedules: tuple[Schedule, ...] = Field(min_length=1)
    seeds: tuple[int, ...] = Field(min_length=1)
    fresh: tuple[int, ...] = Field(min_length=1)
    extends: bool = True
    target: float | None = None
    warmup: float | None = None


def three_digits(rate: float) -> float:
    """A number rounded to three significant digits, so that rates have readable labels."""
    return float(f"{rate:.3g}")


def run_spec(
    contender: Contender, rules: Rules, point: Point, seed: int, tested: bool = False
) -> RunSpec:
    """The specification of one run of a contender."""
    rate, schedule = point
    mapping = {**contender.mapping, "seed": seed}
    mapping["train"] = {**mapping.get("train", {}), "lr": rate, "schedule": schedule}
    # Without warm-up, unless requested, contenders differ in rate and optimizer only. One-cycle is
    # the exception: warming up is part of the schedule.
    if rules.warmup is not None:
        mapping["train"]["warmup"] = rules.warmup
    elif schedule != "onecycle":
        mapping["train"]["warmup"] = 0.0
    kind = f"-{schedule}" if len(rules.schedules) > 1 else ""
    return RunSpec(f"{contender.label}{kind}-lr{rate:g}-seed{seed}", mapping, tested)


def run_specs(
    contender: Contender, rules: Rules, points: Iterable[Point], seeds: Sequence[int], tested: bool
) -> list[RunSpec]:
    """The runs of a contender for all of these points and seeds."""
    return [run_spec(contender, rules, point, seed, tested) for point in points for seed in seeds]


def points(rules: Rules, rates: Iterable[float]) -> list[Point]:
    """All pairs of a rate and a schedule."""
    return [(rate, schedule) for schedule in rules.schedules for rate in rates]


def score(contender: Contender, rules: Rules, point: Point, outcomes: Outcomes) -> float:
    """Mean validation metric over the search seeds, with the sign that makes higher better; minus
    infinity if a run diverged."""
    results = [outcomes[m.label] for m in run_specs(contender, rules, [point], rules.seeds, False)]
    # One diverged seed rules the rate out: the mean of the others would favour a rate that only
    # sometimes works.
    best = [outcome.best for outcome in results if outcome.best is not None]
    return contender.sign * float(np.mean(best)) if len(best) == len(results) else -math.inf


def best_point(
    contender: Contender, rules: Rules, rates: Sequence[float], outcomes: Outcomes
) -> Point | None:
    """The point with the best score; None if every rate diverged.

    Of equal scores the rate nearest to the middle wins, so that a tie does not extend the rates.
    """
    middle = (len(rates) - 1) / 2
    place = {rate: index for index, rate in enumerate(rates)}
    scores = {point: score(contender, rules, point, outcomes) for point in points(rules, rates)}
    best = max(scores, key=lambda p: (scores[p], -abs(place[p[0]] - middle)))
    return best if scores[best] > -math.inf else None


def searched_rates(contender: Contender, rules: Rules, outcomes: Outcomes) -> tuple[float, ...]:
    """The rates to search, given the outcomes so far: those of the rules, and one more beyond an
    edge each time the best rate lies on it."""
    rates = rules.rates
    below, above = 0, len(rates)

    # Steps count from the lowest rate of the rules, so that a rate does not depend on the order in
    # which the two sides were extended, and rounding errors do not add up.
    def extra_rate(steps: int) -> float:
        return three_digits(rules.rates[0] * HALF_DECADE**steps)

    for _ in range(MAX_EXTENSIONS if rules.extends else 0):
        specs = run_specs(contender, rules, points(rules, rates), rules.seeds, False)
        # Replayed from the start at every call: a step is taken once all its runs have ended.
        if any(m.label not in outcomes for m in specs):
            break
        best = best_point(contender, rules, rates, outcomes)
        if best is None or best[0] == rates[0]:  # lower rates may not diverge
            below -= 1
            rates = (extra_rate(below), *rates)
        elif best[0] == rates[-1]:
            rates = (*rates, extra_rate(above))
            above += 1
        else:
            break
    return rates


def search_specs(
    contenders: Sequence[Contender], rules: Rules, outcomes: Outcomes
) -> list[RunSpec]:
    """All runs of the search, given the outcomes so far. The search is complete when all of them
    have an outcome."""
    return [
        m
        for contender in contenders
        for m in run_specs(
            contender,
            rules,
            points(rules, searched_rates(contender, rules, outcomes)),
            rules.seeds,
            False,
        )
    ]


def default_point(contender: Contender, rules: Rules) -> Point:
    """The preset's learning rate with the first schedule."""
    return contender.default, rules.schedules[0]


def final_specs(contenders: Sequence[Contender], rules: Rules, outcomes: Outcomes) -> list[RunSpec]:
    """The runs on fresh seeds after the search, at the chosen and at the default rate."""
    result: dict[str, RunSpec] = {}
    for contender in contenders:
        best = best_point(contender, rules, searched_rates(contender, rules, outcomes), outcomes)
        for point in (
            [best, default_point(contender, rules)] if best else [default_point(contender, rules)]
        ):
            # By label: where the chosen rate is the default, the runs are the same.
            result |= {m.label: m for m in run_specs(contender, rules, [point], rules.fresh, True)}
    return list(result.values())
