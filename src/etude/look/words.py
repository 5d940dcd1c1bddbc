"""What a run came to, in sentences, each from its own numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

LOWER_IS_BETTER = ("mae", "reconstruction")


def number(value: float, goal: str, unit: str = "") -> str:
    """A goal's value as a person writes it."""
    if goal == "accuracy":
        return f"{100 * value:.1f} %"
    return f"{value:.4g}{f' {unit}' if unit else ''}"


def beats(result: Mapping[str, Any]) -> bool:
    """Whether the test result is better than the naive baseline's."""
    goal = result["goal"]
    found, naive = result["test"][goal], result["baseline"][goal]
    return bool(found < naive if goal in LOWER_IS_BETTER else found > naive)


def sentences(result: Mapping[str, Any]) -> list[str]:
    """The result beside its baseline, and what must be said of it."""
    goal, test, baseline = result["goal"], result["test"], result["baseline"]
    unit = test.get("unit", "")
    said = [
        f"{result['model']} on {result['data']}: test {goal} {number(test[goal], goal, unit)}"
        + (
            f" (95 % interval {100 * test['accuracy_95'][0]:.1f} to "
            f"{100 * test['accuracy_95'][1]:.1f} %, {test['samples']} samples)."
            if "accuracy_95" in test
            else "."
        )
    ]
    naive = f"{number(baseline[goal], goal, unit)} ({baseline['what']})"
    if beats(result):
        said.append(f"The naive baseline has {naive}; this is better.")
    else:
        said.append(f"It does NOT beat the naive baseline, which has {naive}.")
    others = {k: v for k, v in baseline.get("all", {}).items() if k != baseline["what"]}
    if others:
        named = (f"{what} {number(value, goal, unit)}" for what, value in others.items())
        said.append(f"Other baselines: {', '.join(named)}.")
    if "matches_prior" in test:
        how = "match" if test["matches_prior"] else "do NOT match"
        said.append(
            f"Its codes {how} the prior: their energy distance to it is "
            f"{test['prior_ratio']:.2f} times that of two draws of the prior (2 is the limit)."
        )
    best, epochs = result["best_epoch"], result["epochs"]
    said.append(f"The weights kept are those of epoch {best} of {epochs}.")
    if result["top_epoch"] == epochs:
        said.append("Validation was best in the last epoch: more epochs may help.")
    return [*said, *(f"Of the data: {note}." for note in result["notes"])]


def rows(runs: Sequence[Any], labels: Sequence[str]) -> list[list[str]]:
    """The table of finished runs (ship.Run) that a tour and a comparison end with, head first."""
    head = ["piece", "task", "test result", "naive baseline", "parameters", "seconds", "samples/s"]
    table = [head]
    for label, run in zip(labels, runs):
        result = run.result
        goal, unit = result["goal"], result["test"].get("unit", "")
        table.append(
            [
                label,
                f"{result['task']} {result['data']}",
                f"{goal} {number(run.test[goal], goal, unit)}",
                f"{number(run.baseline[goal], goal, unit)} ({run.baseline['what']})",
                f"{result['parameters']:,}",
                f"{run.seconds:.1f}",
                f"{run.samples_per_second:,.0f}",
            ]
        )
    return table
