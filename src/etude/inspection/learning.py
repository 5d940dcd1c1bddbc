"""What the epochs of a run say about its training: does the model overfit, was it too short?

Each claim of a report is one function here, with its numbers as constants, and is made only where
the rule holds. All rules read the rows of the run's epochs: `train` by phase (the first phase is
the model's own loss, a mean over the epoch), `val` by measure, and `step`, the optimizer steps so
far. A result is the mapping that a run ends with.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from etude.stats import LOWER_IS_BETTER

Rows = Sequence[Mapping[str, Any]]

ROSE = 1.3
"""Validation loss at the end over its lowest, from which it counts as having risen."""
LEAST_RISE = 0.01
"""The rise must also be this share of the first epoch's validation loss: 1e-6 to 2e-6 is none."""
FELL = 0.9
"""Training loss at the end over that at validation's best epoch, up to which it counts as having
clearly fallen meanwhile."""
NEAR_ZERO = 0.05
"""Training loss over the first epoch's loss, up to which it counts as near zero."""
TAIL = 0.2
"""Share of the epochs whose mean loss is compared with that of as many epochs before them."""
FALLING = 0.05
"""Relative fall of the training loss between those two, from which it was still clearly falling."""
VAL_FALLING = 0.02
"""The same of the validation loss: without it, more training would only fit the training data."""
FEW_STEPS = 400
"""The fewest optimizer steps that a shipped preset takes."""
USUAL_STEPS = 1500
"""What most shipped presets take."""
LEARNED_LITTLE = 0.5
"""Training loss at the end over the first epoch's, above which little was learned."""
SMALL = 30
"""Samples below which a split says little: the standard error of an accuracy is 9 points or so."""


def best_epoch(history: Rows, goal: str) -> int:
    """The first epoch (from 1) with the best value of `goal` on the validation data."""
    values = [row["val"][goal] for row in history]
    return 1 + int(np.argmin(values) if goal in LOWER_IS_BETTER else np.argmax(values))


def overfitting(history: Rows) -> dict[str, float] | None:
    """The numbers of an overfit model; None where it does not overfit.

    It overfits if validation loss rose after its lowest, by ROSE and LEAST_RISE, both at the end
    and in the median of the last three epochs; and training loss meanwhile fell clearly (FELL) or
    is near zero (NEAR_ZERO), and lies below the validation loss. Validation loss that rises while
    training loss does not fall is noise or divergence, not overfitting.
    """
    if len(history) < 2 or "loss" not in history[0]["val"]:
        return None
    val, train = [row["val"]["loss"] for row in history], _train_losses(history)
    best = int(np.argmin(val))
    after = val[best + 1 :][-3:]
    if not after:
        return None
    low, end = val[best], val[-1]
    typical = min(end, float(np.median(after)))
    rose = typical >= ROSE * low and typical - low >= LEAST_RISE * val[0]
    fell = train[-1] <= FELL * train[best]
    if not rose or train[-1] >= end or not (fell or _near_zero(train, val[0])):
        return None
    return {"epoch": best + 1, "low": low, "end": end, "then": train[best], "train": train[-1]}


def under_trained(history: Rows, goal: str) -> dict[str, Any] | None:
    """Why training was too short, and how many epochs to ask for; None where it was not.

    `why` is "falling" if the mean training loss of the last fifth of the epochs lies 5 % or more
    below that of the fifth before, the validation loss (the goal, where there is no loss) 2 % or
    more, and training loss is not near zero: then twice the epochs are advised. `why` is "few" if
    there were fewer steps than any preset takes and training loss ended above half of the first
    epoch's: then as many epochs as make USUAL_STEPS. An overfit model is never under-trained.
    """
    if not history or overfitting(history):
        return None
    train, epochs = _train_losses(history), len(history)
    steps = int(history[-1].get("step", 0))
    found = {"epochs": epochs, "steps": steps, "first": train[0], "last": train[-1]}
    if 0 < steps < FEW_STEPS and train[-1] > LEARNED_LITTLE * train[0]:
        return {**found, "why": "few", "more": math.ceil(USUAL_STEPS * epochs / steps)}
    measure = "loss" if "loss" in history[0]["val"] else goal
    val = [row["val"][measure] for row in history]
    if measure != "loss" and measure not in LOWER_IS_BETTER:
        val = [-value for value in val]
    if epochs < 2 or _near_zero(train, train[0]):
        return None
    if _falls(train) >= FALLING and _falls(val) >= VAL_FALLING:
        return {**found, "why": "falling", "more": 2 * epochs, "share": _falls(train)}
    return None


def only_class(test: Mapping[str, Any]) -> int | None:
    """The class that is predicted for every test sample, by its column in the confusion matrix;
    None where more than one is, or where the samples have one class alone."""
    counts = np.array(test.get("confusion", [[]]))
    columns, rows = np.flatnonzero(counts.sum(0)), np.flatnonzero(counts.sum(1))
    return int(columns[0]) if len(columns) == 1 and len(rows) > 1 else None


def fit(history: Rows) -> dict[str, Any] | None:
    """Training loss in the first epoch and in the last, and whether the model fits its training
    data: whether the loss fell below LEARNED_LITTLE of what it was. None without epochs."""
    if not history:
        return None
    train = _train_losses(history)
    first = max(train[0], history[0]["val"].get("loss", train[0]))
    return {"first": first, "last": train[-1], "fits": train[-1] <= LEARNED_LITTLE * first}


def small(sizes: Mapping[str, int] | None) -> dict[str, int]:
    """The validation and test splits with fewer than SMALL samples, and their samples."""
    splits = ((name, (sizes or {}).get(name, SMALL)) for name in ("val", "test"))
    return {name: count for name, count in splits if count < SMALL}


def _train_losses(history: Rows) -> list[float]:
    """The first phase's mean loss in each epoch."""
    return [next(iter(row["train"].values()))["loss"] for row in history]


def _near_zero(train: Sequence[float], first_val: float) -> bool:
    """Whether the last training loss is small beside what untrained weights have. The first epoch
    of large data is a trained one already, so that validation's first loss counts as well."""
    return train[-1] <= NEAR_ZERO * max(train[0], first_val)


def _falls(losses: Sequence[float]) -> float:
    """By what share of itself the mean fell, from the last but one TAIL of epochs to the last."""
    width = min(max(1, round(TAIL * len(losses))), len(losses) // 2)
    before = float(np.mean(losses[-2 * width : -width]))
    return (before - float(np.mean(losses[-width:]))) / max(abs(before), 1e-12)
