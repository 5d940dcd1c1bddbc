"""The request for a comparison: which runs take part under which labels, and by which rules."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from etude.comparison.protocol import FRESH_SEEDS, HALF_DECADE, Rules, three_digits
from etude.comparison.standings import Findings
from etude.errors import UsageError
from etude.locale.texts import Sentence, Text, text

if TYPE_CHECKING:
    from etude.inference.run import Run

DEFAULT_RATES = "1e-4..1"
"""Learning rates of a search if the request names none."""
MAX_RATES = 40
MAX_LABEL_LENGTH = 60
"""Characters of a label, which becomes the name of a folder."""


@dataclass(frozen=True)
class Comparison:
    """A finished comparison: its folder, and its finished runs with their labels.

    findings: results of a comparison by rules, else None. diverged: label -> reason, for runs that
    diverged. seconds: by stage. warning: why a comparison without rules is unfair, or "".
    """

    path: Path
    labels: Sequence[str]
    runs: Sequence["Run"]
    findings: Findings | None = None
    diverged: Mapping[str, Sentence] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    warning: Sentence = ""


@dataclass(frozen=True)
class ComparisonRequest:
    """What the user requests.

    axes: comma-separated values of model, data, optimizer and seed. fields: fields of every recipe,
    by path. rules: None if each run is trained once as it is.
    """

    axes: Mapping[str, str | None]
    fields: Mapping[str, object]
    rules: Rules | None


def combinations(axes: Mapping[str, str | None], alone: bool = False) -> dict[str, dict[str, str]]:
    """All combinations of comma-separated values: label -> the value of each axis.

    A label names only the axes that vary. alone: allow a single combination, which is named after
    its model. Raises UsageError for a single combination otherwise, and for repeated values.
    """
    values_of = {axis: words.split(",") for axis, words in axes.items() if words}
    varying = [axis for axis, values in values_of.items() if len(values) > 1]
    if not varying and alone:
        varying = [axis for axis in values_of if axis in ("model", "optimizer")][:1]
    if not varying and not alone:
        raise UsageError(
            text("comparison.request.nothing"), do=text("comparison.request.nothing.do")
        )
    repeated = [axis for axis, values in values_of.items() if len(set(values)) < len(values)]
    if repeated:
        flag = f"--{repeated[0]}"
        raise UsageError(text("comparison.request.twice", flag=flag, value=axes[repeated[0]]))
    result: dict[str, dict[str, str]] = {}
    for values in product(*values_of.values()):
        chosen = dict(zip(values_of, values))
        words = ("seed" + chosen[a] if a == "seed" else Path(chosen[a]).stem for a in varying)
        label = re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(words))[:MAX_LABEL_LENGTH].strip("-._")
        # These two folders of the comparison are not runs; a label may also lose all its letters.
        label = "member" if label in ("", "search", "pictures") else label
        # Distinct values can have equal labels: two files of one name in different folders.
        same = sum(name == label or name.startswith(f"{label}.") for name in result)
        result[f"{label}.{same + 1}" if same else label] = chosen
    return result


def warning(axes: Mapping[str, str | None], lr: float) -> Sentence:
    """The warning for several optimizers with one learning rate, which is unfair; else ""."""
    return one_rate_warning(lr) if "," in (axes.get("optimizer") or "") else ""


def one_rate_warning(lr: float) -> Text:
    """The text of the warning."""
    return text("duel.unfair", rate=lr)


def rates(value: str) -> tuple[tuple[float, ...], bool]:
    """Parse the learning rates of a search: the rates, ascending, and whether the search may extend
    them beyond an edge.

    `A..B` is every half decade from A to B and may be extended; `A,B,C` is exactly these rates.
    Raises UsageError.
    """
    if ".." not in value:
        values = tuple(_parse_rate(part, value) for part in value.split(","))
        if len(set(values)) < len(values):
            raise UsageError(text("comparison.request.rate_twice", value=value))
        return tuple(sorted(values)), False
    low, _, high = value.partition("..")
    first, last = _parse_rate(low, value), _parse_rate(high, value)
    # 1e-6: rounding must not drop the last rate where B is exactly some half decades above A.
    count = math.floor(2 * math.log10(last / first) + 1e-6) + 1
    if count < 2:
        raise UsageError(
            text("comparison.request.range", value=value),
            do=text("comparison.request.range.do", default=DEFAULT_RATES),
        )
    if count > MAX_RATES:
        raise UsageError(
            text("comparison.request.many_rates", value=value, count=count, most=MAX_RATES)
        )
    return tuple(three_digits(first * HALF_DECADE**i) for i in range(count)), True


def _parse_rate(word: str, value: str) -> float:
    try:
        rate = float(word)
    except ValueError:
        rate = math.nan
    if not 0 < rate < math.inf:  # false for NaN too
        raise UsageError(
            text("comparison.request.rate", value=value, word=word.strip()),
            do=text("comparison.request.rate.do", default=DEFAULT_RATES),
        )
    return rate


def seeds(value: str | None) -> tuple[int, ...]:
    """Parse the seeds of the search. Raises UsageError."""
    words = (value or "0").split(",")
    for word in words:
        # isdecimal() alone is true for digits of other scripts.
        if not (word.isascii() and word.isdecimal()):
            raise UsageError(text("comparison.request.seed", value=value))
    result = tuple(map(int, words))
    # The fresh seeds follow the largest of these, and seeds are below 2^31.
    if max(result) + FRESH_SEEDS >= 2**31:
        raise UsageError(text("comparison.request.seed_large", value=value, fresh=FRESH_SEEDS))
    if len(set(result)) < len(result):
        raise UsageError(text("comparison.request.twice", flag="--seed", value=value))
    return result


def comma_separated(value: object) -> str | None:
    """One value or several as comma-separated text; None stays None."""
    if value is None or isinstance(value, str):
        return value
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def parse(
    axes: Mapping[str, object],
    lr: object,
    schedule: object,
    target: float | None,
    fields: Mapping[str, object],
) -> ComparisonRequest:
    """Parse the arguments of `compare`. Raises UsageError.

    Values may be text or plain Python values. Learning rate and schedule may come from their own
    arguments or from `fields`, by their paths in the recipe.
    """
    # Taken out of the fields of every recipe: with rules, rate and schedule differ by run.
    common = dict(fields)
    by_path = common.pop("train.lr", None), common.pop("train.schedule", None)
    rate, kind = (
        comma_separated(a if a is not None else b) for a, b in zip((lr, schedule), by_path)
    )
    texts = {axis: comma_separated(value) for axis, value in axes.items()}
    count = len((texts["optimizer"] or "").split(","))
    warmup = common.get("train.warmup")
    comparison_rules = rules(
        rate, kind, texts["seed"], optimizers=count, target=target, warmup=warmup
    )
    if comparison_rules is None:
        common |= {"train.lr": rates(rate)[0][0]} if rate else {}
        common |= {"train.schedule": kind} if kind else {}
    else:
        del texts["seed"]  # not an axis: the rules give every contender the same seeds
    combinations(texts, alone=comparison_rules is not None)  # fails before torch is loaded
    return ComparisonRequest(texts, common, comparison_rules)


def rules(
    lr: str | None,
    schedule: str | None,
    seed: str | None,
    *,
    optimizers: int,
    target: float | None,
    warmup: object,
) -> Rules | None:
    """The rules of a comparison, or None if each run is trained once as it is.

    A comparison is by rules if it has several learning rates or schedules, or several optimizers
    and no learning rate. Raises UsageError.
    """
    schedules = tuple((schedule or "cosine").split(","))
    several = lr is not None and (".." in lr or "," in lr)
    if not (several or len(schedules) > 1 or (lr is None and optimizers > 1)):
        if target is not None:
            raise UsageError(
                text("comparison.request.target"),
                do=text("comparison.request.target.do", default=DEFAULT_RATES),
            )
        return None
    if len(set(schedules)) < len(schedules):
        raise UsageError(text("comparison.request.twice", flag="--schedule", value=schedule))
    search_rates, extends = rates(lr or DEFAULT_RATES)
    search_seeds = seeds(seed)
    # Fresh seeds: the chosen rate was selected on the search seeds, whose results favour it.
    fresh = range(max(search_seeds) + 1, max(search_seeds) + 1 + FRESH_SEEDS)
    values = {"rates": list(search_rates), "schedules": list(schedules), "extends": extends}
    more = {"seeds": list(search_seeds), "fresh": list(fresh), "target": target, "warmup": warmup}
    return Rules.read({**values, **more})
