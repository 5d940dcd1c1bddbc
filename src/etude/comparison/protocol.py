"""The course of a duel by rules, as functions of what is known so far: nothing here runs anything.

Each contender (a model on data with an optimizer) gets the same number of learning rates, half a
decade apart, each with every search seed and schedule. The best by validation, in the mean over the
seeds, is chosen. Where it lies at an edge the rates go on there by a step, at most three times (A.
Wilson et al., "The Marginal Value of Adaptive Gradient Methods", 2017). The chosen one, and the
preset's own rate, are run again on fresh seeds, which alone are tested.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from etude.comparison.differences import compared
from etude.comparison.run_spec import Member, Outcome
from etude.config import Config
from etude.recipe import Schedule
from etude.stats import LOWER_IS_BETTER, mean_interval

HALF_DECADE = math.sqrt(10.0)
EXTENSIONS = 3
FRESH = 5

Known = Mapping[str, Outcome]
"""Outcomes by the labels of their members."""
Point = tuple[float, str]
"""A learning rate and a schedule."""


Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""What may name a folder: a plan may be a stranger's."""


class Contender(Config):
    """Who is compared: a whole recipe, whose rate, schedule and seed the rules decide.

    default: the learning rate of its preset, whatever the optimizer.
    """

    label: Label
    mapping: dict[str, Any]
    goal: str
    default: float

    @property
    def sign(self) -> int:
        """1 where a higher goal is better, else -1."""
        return -1 if self.goal in LOWER_IS_BETTER else 1


Rate = Annotated[float, Field(gt=0)]


class Rules(Config):
    """What every contender gets. extends: whether rates may go on beyond an edge."""

    rates: tuple[Rate, ...] = Field(min_length=1)
    schedules: tuple[Schedule, ...] = Field(min_length=1)
    seeds: tuple[int, ...] = Field(min_length=1)
    fresh: tuple[int, ...] = Field(min_length=1)
    extends: bool = True
    target: float | None = None
    warmup: float | None = None


def rounded(rate: float) -> float:
    """A rate as a person writes it: three digits."""
    return float(f"{rate:.3g}")


def member(who: Contender, rules: Rules, point: Point, seed: int, tested: bool = False) -> Member:
    """One run of a contender."""
    rate, schedule = point
    mapping = {**who.mapping, "seed": seed}
    mapping["train"] = {**mapping.get("train", {}), "lr": rate, "schedule": schedule}
    if rules.warmup is not None:
        mapping["train"]["warmup"] = rules.warmup
    elif schedule != "onecycle":
        mapping["train"]["warmup"] = 0.0
    kind = f"-{schedule}" if len(rules.schedules) > 1 else ""
    return Member(f"{who.label}{kind}-lr{rate:g}-seed{seed}", mapping, tested)


def members(
    who: Contender, rules: Rules, points: Iterable[Point], seeds: Sequence[int], tested: bool
) -> list[Member]:
    """All runs of a contender at these points with these seeds."""
    return [member(who, rules, point, seed, tested) for point in points for seed in seeds]


def points(rules: Rules, rates: Iterable[float]) -> list[Point]:
    """Every rate with every schedule."""
    return [(rate, schedule) for schedule in rules.schedules for rate in rates]


def score(who: Contender, rules: Rules, point: Point, known: Known) -> float:
    """The mean validation goal over the search seeds, higher being better; minus infinity where a
    run diverged."""
    found = [known[m.label] for m in members(who, rules, [point], rules.seeds, False)]
    best = [outcome.best for outcome in found if outcome.best is not None]
    return who.sign * float(np.mean(best)) if len(best) == len(found) else -math.inf


def chosen(who: Contender, rules: Rules, rates: Sequence[float], known: Known) -> Point | None:
    """The best point; of equals the one nearest to the middle of the rates. None where every rate
    diverged."""
    middle = (len(rates) - 1) / 2
    place = {rate: index for index, rate in enumerate(rates)}
    scores = {point: score(who, rules, point, known) for point in points(rules, rates)}
    best = max(scores, key=lambda p: (scores[p], -abs(place[p[0]] - middle)))
    return best if scores[best] > -math.inf else None


def grid(who: Contender, rules: Rules, known: Known) -> tuple[float, ...]:
    """The rates that are called for by what is known: those of the rules, and beyond an edge where
    the best was found there."""
    rates = rules.rates
    below, above = 0, len(rates)

    def beside(steps: int) -> float:
        return rounded(rules.rates[0] * HALF_DECADE**steps)

    for _ in range(EXTENSIONS if rules.extends else 0):
        asked = members(who, rules, points(rules, rates), rules.seeds, False)
        if any(m.label not in known for m in asked):
            break
        best = chosen(who, rules, rates, known)
        if best is None or best[0] == rates[0]:  # where all diverge, lower rates may not
            below -= 1
            rates = (beside(below), *rates)
        elif best[0] == rates[-1]:
            rates = (*rates, beside(above))
            above += 1
        else:
            break
    return rates


def search(contenders: Sequence[Contender], rules: Rules, known: Known) -> list[Member]:
    """All runs of the search that what is known calls for; it has ended when none is new."""
    return [
        m
        for who in contenders
        for m in members(who, rules, points(rules, grid(who, rules, known)), rules.seeds, False)
    ]


def default(who: Contender, rules: Rules) -> Point:
    """The preset's own rate: what one rate for all comes to."""
    return who.default, rules.schedules[0]


def finals(contenders: Sequence[Contender], rules: Rules, known: Known) -> list[Member]:
    """Chosen and default rates on fresh seeds, after the search."""
    found: dict[str, Member] = {}
    for who in contenders:
        best = chosen(who, rules, grid(who, rules, known), known)
        for point in [best, default(who, rules)] if best else [default(who, rules)]:
            found |= {m.label: m for m in members(who, rules, [point], rules.fresh, True)}
    return list(found.values())


# What was found -----------------------------------------------------------------------------------


def findings(contenders: Sequence[Contender], rules: Rules, known: Known) -> dict[str, Any]:
    """All that a finished duel says, as plain JSON values."""
    each = [_of_one(who, rules, known) for who in contenders]
    goals = {who.goal for who in contenders}
    goal = goals.pop() if len(goals) == 1 else ""
    target = _target(contenders, each, known, rules.target) if goal else None
    for one in each:
        one["to_target"] = _to_target(one, known, target, goal)
    verdicts = {}
    for kind in ("tuned", "default") if goal else ():
        groups = {one["label"]: one[kind] for one in each if one[kind]}
        tests = {label: group["test"] for label, group in groups.items()}
        samples = {label: group["samples"] for label, group in groups.items()}
        verdicts[kind] = compared(tests, goal, samples)
    return {
        "goal": goal,
        "rules": {k: v for k, v in rules.plain().items() if k != "target"},
        "target": target,
        "target_given": rules.target is not None,
        "contenders": each,
        "verdicts": verdicts,
    }


def _of_one(who: Contender, rules: Rules, known: Known) -> dict[str, Any]:
    """The curve of a contender, what was chosen, and what that came to."""
    rates = grid(who, rules, known)
    best = chosen(who, rules, rates, known)
    below, above = rates.index(rules.rates[0]), len(rates) - 1 - rates.index(rules.rates[-1])
    searched = members(who, rules, points(rules, rates), rules.seeds, False)
    tuned = _fresh(who, rules, best, known) if best else None
    usual = _fresh(who, rules, default(who, rules), known)
    tested = {*(tuned or {}).get("members", ()), *usual["members"]}
    found = None
    if best:
        edge = len(rates) > 1 and best[0] in (rates[0], rates[-1])
        value = who.sign * score(who, rules, best, known)
        found = {"rate": best[0], "schedule": best[1], "score": value, "edge": edge}
    return {
        "label": who.label,
        "goal": who.goal,
        "epochs": who.mapping.get("train", {}).get("epochs"),
        "default_rate": who.default,
        "grid": [_at(who, rules, point, known) for point in points(rules, rates)],
        "extended": {"down": below, "up": above},
        "runs": {"search": len(searched), "final": len(tested)},
        "chosen": found,
        "tuned": tuned,
        "default": usual,
    }


def _at(who: Contender, rules: Rules, point: Point, known: Known) -> dict[str, Any]:
    """One point of the curve: the validation goal of each seed, None where it diverged."""
    values = [known[m.label].best for m in members(who, rules, [point], rules.seeds, False)]
    mean = score(who, rules, point, known)
    return {
        "rate": point[0],
        "schedule": point[1],
        "values": values,
        "score": who.sign * mean if mean > -math.inf else None,
        "diverged": values.count(None),
    }


def _fresh(who: Contender, rules: Rules, point: Point, known: Known) -> dict[str, Any]:
    """The test results of one point on fresh seeds."""
    labels = [m.label for m in members(who, rules, [point], rules.fresh, True)]
    test = [known[label].test for label in labels]
    good = np.array([value for value in test if value is not None])
    samples = next((known[label].samples for label in labels if known[label].samples), None)
    interval = mean_interval(good, who.goal, samples) if len(good) else None
    return {
        "rate": point[0],
        "schedule": point[1],
        "members": labels,
        "test": good.tolist(),
        "samples": samples,
        "mean": float(good.mean()) if len(good) else None,
        "median": float(np.median(good)) if len(good) else None,
        "interval": list(interval) if interval else None,
        "diverged": test.count(None),
    }


def _target(
    contenders: Sequence[Contender],
    each: Sequence[Mapping[str, Any]],
    known: Known,
    given: float | None,
) -> float | None:
    """The validation goal to reach: as given, or the best that more than half of every contender's
    chosen runs reach, to three digits. None where one has too few."""
    if given is not None:
        return given
    sign, peaks = contenders[0].sign, []
    for one in each:
        labels = (one["tuned"] or {}).get("members", ())
        curves = [[sign * v for v in known[label].val] for label in labels]
        tops = sorted((max(curve) for curve in curves if curve), reverse=True)
        half = len(labels) // 2
        if half >= len(tops):
            return None
        peaks.append(tops[half])
    worst = min(peaks)
    if not worst:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(abs(worst))) - 2)
    return rounded(sign * math.floor(worst / step + 1e-9) * step)  # to the side that is reached


def _to_target(
    one: Mapping[str, Any], known: Known, target: float | None, goal: str
) -> dict[str, Any] | None:
    """Epochs and seconds of training until the target, of each chosen run (None: never reached),
    and their medians."""
    if target is None or not one["tuned"]:
        return None
    sign = -1 if goal in LOWER_IS_BETTER else 1
    epochs: list[int | None] = []
    seconds: list[float | None] = []
    for label in one["tuned"]["members"]:
        outcome = known[label]
        hits = (i for i, v in enumerate(outcome.val) if sign * v >= sign * target - 1e-12)
        first = next(hits, None)
        epochs.append(None if first is None else first + 1)
        seconds.append(None if first is None else outcome.seconds[first])
    return {
        "epochs": epochs,
        "seconds": seconds,
        "median_epochs": _median(epochs),
        "median_seconds": _median(seconds),
        "reached": sum(e is not None for e in epochs),
    }


def _median(values: Sequence[float | None]) -> float | None:
    """Of values among which None is later than any; None where that is the median."""
    found = float(np.median([math.inf if v is None else v for v in values]))
    return found if math.isfinite(found) else None
