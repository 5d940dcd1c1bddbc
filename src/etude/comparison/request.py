"""What is asked: who takes part, under a short label each, and whether by rules."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from etude.comparison.protocol import FRESH, HALF_DECADE, Rules, rounded
from etude.errors import UsageError
from etude.locale.texts import Lang, say

USUAL = "1e-4..1"
"""The learning rates that are searched when none are given."""
MOST_RATES = 40
LONGEST = 60
"""Letters of a label."""


@dataclass(frozen=True)
class Duel:
    """Finished runs side by side, their labels, and the folder they share.

    found: what a duel by rules has found, as plain values (see docs/verbs/compare.md). diverged:
    label -> words, of runs that ended in a number that is not finite. seconds: by stage. warning:
    what makes a comparison without rules unfair.
    """

    path: Path
    labels: Sequence[str]
    runs: Sequence[Any]
    found: Mapping[str, Any] = field(default_factory=dict)
    diverged: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    warning: str = ""


@dataclass(frozen=True)
class Asked:
    """What a command asks for. axes: several with commas. fields: of every recipe, by path."""

    axes: Mapping[str, str | None]
    fields: Mapping[str, Any]
    rules: Rules | None


def members(axes: Mapping[str, str | None], alone: bool = False) -> dict[str, dict[str, str]]:
    """Label -> the value of each axis, for all combinations of comma-separated values.

    The label names only the axes that vary. Raises UsageError if none does, unless one alone will
    do: then it is named after its model.
    """
    given = {axis: text.split(",") for axis, text in axes.items() if text}
    varied = [axis for axis, values in given.items() if len(values) > 1]
    if not varied and alone:
        varied = [axis for axis in given if axis in ("model", "optimizer")][:1]
    if not varied and not alone:
        raise UsageError(
            "There is nothing to compare: give at least one of model, data, optimizer or seed "
            "several values, or a range of learning rates.",
            do="For example: --optimizer sgd,momentum,adam",
        )
    repeated = [axis for axis, values in given.items() if len(set(values)) < len(values)]
    if repeated:
        raise UsageError(f"--{repeated[0]} {axes[repeated[0]]}: names the same value twice.")
    found: dict[str, dict[str, str]] = {}
    for values in product(*given.values()):
        chosen = dict(zip(given, values))
        words = ("seed" + chosen[a] if a == "seed" else Path(chosen[a]).stem for a in varied)
        label = re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(words))[:LONGEST].strip("-._")
        label = "member" if label in ("", "search", "pictures") else label
        taken = sum(name == label or name.startswith(f"{label}.") for name in found)
        found[f"{label}.{taken + 1}" if taken else label] = chosen
    return found


def warning(axes: Mapping[str, str | None], lr: float | None) -> str:
    """What must stand on the picture: one learning rate for several optimizers is not fair."""
    if "," not in (axes.get("optimizer") or ""):
        return ""
    return unfair(lr)


def unfair(lr: float | None, lang: Lang = "en") -> str:
    """The warning itself."""
    return say(lang, "duel.unfair", rate=f" ({lr:g})" if lr else "")


def rates(text: str) -> tuple[tuple[float, ...], bool]:
    """The learning rates that a text names, and whether more may be tried beyond an edge: `A..B`
    is every half decade from A to B, `A,B,C` exactly these. Raises UsageError."""
    if ".." not in text:
        found = tuple(_rate(part, text) for part in text.split(","))
        if len(set(found)) < len(found):
            raise UsageError(f"--lr {text}: names the same rate twice.")
        return tuple(sorted(found)), False
    low, _, high = text.partition("..")
    first, last = _rate(low, text), _rate(high, text)
    count = math.floor(2 * math.log10(last / first) + 1e-6) + 1
    if count < 2:
        raise UsageError(
            f"--lr {text}: from the lower rate to the higher, at least half a decade apart.",
            do=f"For example: --lr {USUAL}",
        )
    if count > MOST_RATES:
        raise UsageError(f"--lr {text}: {count} rates; {MOST_RATES} are the most.")
    return tuple(rounded(first * HALF_DECADE**i) for i in range(count)), True


def _rate(word: str, text: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise UsageError(
            f"--lr {text}: {word.strip()!r} is no rate; a rate is a number above 0.",
            do=f"Give a range (--lr {USUAL}), some rates (--lr 0.001,0.01), or one for all.",
        )
    return value


def seeds(text: str | None) -> tuple[int, ...]:
    """The seeds of the search. Raises UsageError."""
    words = (text or "0").split(",")
    for word in words:
        if not (word.isascii() and word.isdecimal()):
            raise UsageError(f"--seed {text}: a seed is a whole number.")
    found = tuple(map(int, words))
    if max(found) + FRESH >= 2**31:
        raise UsageError(f"--seed {text}: leaves no room for {FRESH} fresh seeds below 2^31.")
    if len(set(found)) < len(found):
        raise UsageError(f"--seed {text}: names the same value twice.")
    return found


def listed(value: Any) -> str | None:
    """One value or several as text with commas."""
    if value is None or isinstance(value, str):
        return value
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def ask(
    axes: Mapping[str, Any],
    lr: Any,
    schedule: Any,
    target: float | None,
    fields: Mapping[str, Any],
) -> Asked:
    """What a command asks for: as text or as plain values, by its own flag or by its path in the
    recipe. Raises UsageError."""
    own = dict(fields)
    by_path = own.pop("train.lr", None), own.pop("train.schedule", None)
    rate, kind = (listed(a if a is not None else b) for a, b in zip((lr, schedule), by_path))
    texts = {axis: listed(value) for axis, value in axes.items()}
    count = len((texts["optimizer"] or "").split(","))
    warmup = own.get("train.warmup")
    found = rules(rate, kind, texts["seed"], optimizers=count, target=target, warmup=warmup)
    if found is None:
        own |= {"train.lr": rates(rate)[0][0]} if rate else {}
        own |= {"train.schedule": kind} if kind else {}
    else:
        del texts["seed"]
    members(texts, alone=found is not None)  # says what is wrong before torch is loaded
    return Asked(texts, own, found)


def rules(
    lr: str | None,
    schedule: str | None,
    seed: str | None,
    *,
    optimizers: int,
    target: float | None,
    warmup: float | None,
) -> Rules | None:
    """The rules of a duel, None where members are run as they are: by rules when several rates or
    schedules are given, and when several optimizers are compared and no rate is given."""
    schedules = tuple((schedule or "cosine").split(","))
    several = lr is not None and (".." in lr or "," in lr)
    if not (several or len(schedules) > 1 or (lr is None and optimizers > 1)):
        if target is not None:
            raise UsageError(
                "--target: time to a target is told of duels by rules alone.",
                do=f"Give a range of learning rates too: --lr {USUAL}",
            )
        return None
    if len(set(schedules)) < len(schedules):
        raise UsageError(f"--schedule {schedule}: names the same value twice.")
    found, extends = rates(lr or USUAL)
    tried = seeds(seed)
    fresh = range(max(tried) + 1, max(tried) + 1 + FRESH)
    values = {"rates": list(found), "schedules": list(schedules), "extends": extends}
    more = {"seeds": list(tried), "fresh": list(fresh), "target": target, "warmup": warmup}
    return Rules.read({**values, **more})
