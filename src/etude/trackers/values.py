"""What trackers show, by tags: one list of names for all of them.

train/loss, train/gradient_norm    means of an epoch
train/lr                           the learning rate of its last step
train/PHASE/loss ...               the same where training has several phases
val/METRIC                         each validation metric
test/METRIC, baseline/KIND         at the end
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence

from etude.recipe import Recipe
from etude.results import EpochRow, RunResult, TimeRow
from etude.trackers.tracker import Facts, Moment, Scalar

Rates = Callable[[int], Mapping[str, float]]
"""The learning rate of each phase in the last of so many updates."""


def facts(recipe: Recipe, name: str, group: str, place: str) -> Facts:
    """What a log says of a run beside its numbers."""
    # The folder is part of it: two runs of one recipe are two runs.
    identity = hashlib.sha256(f"{group}/{name}/{recipe.digest}".encode()).hexdigest()[:16]
    return Facts(name, group, identity, flat(recipe.plain()), place)


def flat(mapping: Mapping[str, object], prefix: str = "") -> dict[str, Scalar]:
    """A tree as one mapping by paths; lists are joined by commas, and None is left out.

    >>> flat({"model": {"name": "mlp", "hidden": [64, 64]}})
    {'model.name': 'mlp', 'model.hidden': '64,64'}
    """
    leaves: dict[str, Scalar] = {}
    for key, value in mapping.items():
        if isinstance(value, Mapping):
            leaves |= flat(value, f"{prefix}{key}.")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            leaves[prefix + key] = ",".join(map(str, value))
        elif isinstance(value, str | int | float):
            leaves[prefix + key] = value
    return leaves


def moments(
    rows: Iterable[EpochRow], times: Iterable[TimeRow], rates: Rates, now: float
) -> list[Moment]:
    """The values of each epoch. now: the time at which the last epoch was complete.

    The other epochs were complete as much earlier as training took since, by `times`; the pause
    between two parts of a resumed run is left out, because nothing records it.
    """
    seconds: dict[int, float] = {}
    for time in times:
        seconds[time.epoch] = seconds.get(time.epoch, 0.0) + time.seconds
    result: list[Moment] = []
    for row in reversed(list(rows)):
        result.append(Moment(row.step, now, scalars(row, rates(row.step))))
        now -= seconds.get(row.epoch, 0.0)
    return result[::-1]


def scalars(row: EpochRow, rates: Mapping[str, float]) -> dict[str, float]:
    """The values of an epoch by their tags."""
    values: dict[str, float] = {}
    for name, phase in row.train.items():
        head = "train" if len(row.train) == 1 else f"train/{name}"
        values[f"{head}/loss"] = phase.loss
        if phase.gradient_norm is not None:
            values[f"{head}/gradient_norm"] = phase.gradient_norm
        if name in rates:
            values[f"{head}/lr"] = rates[name]
    # Whole numbers are counts, such as that of the samples, which is the same in every epoch.
    metrics = {f"val/{name}": x for name, x in row.val.items() if isinstance(x, float)}
    return {**values, **metrics}


def summary(result: RunResult) -> dict[str, Scalar]:
    """The test metrics that are numbers, the baselines in the main metric, and the counts."""
    test = result.test.plain().items()
    numbers: dict[str, Scalar] = {
        f"test/{name}": value
        for name, value in test
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    baselines = {f"baseline/{kind}": score for kind, score in result.baseline.scores.items()}
    counts = {"best_epoch": result.best_epoch, "parameters": result.parameters}
    return {**numbers, **baselines, **counts}
