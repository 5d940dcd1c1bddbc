"""Who takes part: every combination of what was given as several, each under a short label."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from etude.errors import UsageError


@dataclass(frozen=True)
class Duel:
    """Finished runs side by side, their labels, and the folder they share."""

    path: Path
    labels: Sequence[str]
    runs: Sequence[Any]


def members(axes: Mapping[str, str | None]) -> dict[str, dict[str, str]]:
    """Label -> the value of each axis, for all combinations of comma-separated values.

    The label names only the axes that vary. Raises UsageError if none does.
    """
    given = {axis: text.split(",") for axis, text in axes.items() if text}
    varied = [axis for axis, values in given.items() if len(values) > 1]
    if not varied:
        raise UsageError(
            "There is nothing to compare: give at least one of model, data, optimizer or seed "
            "several values.",
            do="For example: --optimizer sgd,momentum,adam",
        )
    repeated = [axis for axis, values in given.items() if len(set(values)) < len(values)]
    if repeated:
        raise UsageError(f"--{repeated[0]} {axes[repeated[0]]}: names the same value twice.")
    found: dict[str, dict[str, str]] = {}
    for values in product(*given.values()):
        chosen = dict(zip(given, values))
        words = ("seed" + chosen[a] if a == "seed" else Path(chosen[a]).stem for a in varied)
        label = re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(words)).strip("-._") or "member"
        taken = sum(name == label or name.startswith(f"{label}.") for name in found)
        found[f"{label}.{taken + 1}" if taken else label] = chosen
    return found


def warning(axes: Mapping[str, str | None], lr: float | None) -> str:
    """What must stand on the picture: one learning rate for several optimizers is not fair."""
    if "," not in (axes.get("optimizer") or ""):
        return ""
    rate = f" ({lr:g})" if lr else ""
    return (
        f"One learning rate{rate} for all is not a fair comparison: each optimizer has its own "
        "best one."
    )
