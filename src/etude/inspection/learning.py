"""Rules on the learning curves of a run: does the model overfit, was training too short?

Each claim of a report is one function here, with its thresholds as constants. A report makes a
claim only if its rule holds. All rules read the metrics rows of the epochs: `train` by phase (the
first phase is the model's own loss, a mean over the epoch), `val` by metric, and `step`, the number
of optimizer steps so far.
"""

import math
from collections.abc import Sequence
from typing import Literal, TypedDict

import numpy as np

from etude.results import EpochRow, Sizes
from etude.stats import metric_of

Rows = Sequence[EpochRow]

ROSE = 1.3
"""Final validation loss over its minimum, from which the loss counts as rising."""
LEAST_RISE = 0.01
"""Smallest rise, as a fraction of the first epoch's validation loss: 1e-6 to 2e-6 is no rise."""
FELL = 0.9
"""Final training loss over that at the best validation epoch, up to which it counts as falling
clearly in between."""
NEAR_ZERO = 0.05
"""Training loss over the loss of the first epoch, up to which it counts as near zero."""
TAIL = 0.2
"""Fraction of the epochs, at the end, whose mean loss is compared with as many epochs before."""
FALLING = 0.05
"""Relative fall of the training loss between these two, from which it is still clearly falling."""
VAL_FALLING = 0.02
"""The same for the validation loss: if it does not fall, more training would only overfit."""
FEW_STEPS = 400
"""Smallest number of optimizer steps among the presets of the package."""
USUAL_STEPS = 1500
"""Number of optimizer steps of most presets."""
LEARNED_LITTLE = 0.5
"""Final training loss over that of the first epoch, above which the model learned little."""
SMALL = 30
"""A split with fewer samples is too small: the standard error of an accuracy is about 9 points."""


class Training(TypedDict):
    """The length of a training run, and its first and last training loss."""

    epochs: int
    steps: int
    first: float
    last: float


class UnderTrained(Training):
    """Why training was too short, and the epochs to train instead: see `under_trained`."""

    why: Literal["few", "falling"]
    more: int


class StillFalling(UnderTrained):
    """A training that was too short because its loss still falls, by `share` of itself."""

    share: float


class Fit(TypedDict):
    """Whether a model fits its training data: see `fit`."""

    first: float
    last: float
    fits: bool


def best_epoch(history: Rows, goal: str) -> int:
    """The first epoch (counted from 1) with the best validation value of `goal`."""
    values = [row.val[goal] for row in history]
    return 1 + int(np.argmin(values) if metric_of(goal).lower_is_better else np.argmax(values))


def overfitting(history: Rows) -> dict[str, float] | None:
    """The numbers that show overfitting; None if the model does not overfit.

    The model overfits if, after its minimum, the validation loss rises by ROSE and by LEAST_RISE,
    both at the end and in the median of the last three epochs, while the training loss falls
    clearly (FELL) or is near zero (NEAR_ZERO) and ends below the validation loss. A validation loss
    that rises while the training loss does not fall is noise or divergence, not overfitting.
    """
    if len(history) < 2 or "loss" not in history[0].val:
        return None
    val, train = [row.val["loss"] for row in history], _train_losses(history)
    best = int(np.argmin(val))
    after = val[best + 1 :][-3:]
    if not after:
        return None
    # The smaller of the last value and a median: one bad last epoch is not a rise, and neither is
    # a rise that has ended.
    low, end = val[best], val[-1]
    typical = min(end, float(np.median(after)))
    rose = typical >= ROSE * low and typical - low >= LEAST_RISE * val[0]
    fell = train[-1] <= FELL * train[best]
    if not rose or train[-1] >= end or not (fell or _near_zero(train, val[0])):
        return None
    return {"epoch": best + 1, "low": low, "end": end, "then": train[best], "train": train[-1]}


def under_trained(history: Rows, goal: str) -> UnderTrained | StillFalling | None:
    """Why training was too short, and the number of epochs to train instead; None if it was not.

    `why` is "falling" if, from the second last fifth of the epochs to the last, the mean training
    loss falls by 5 % or more and the mean validation loss (the goal, if there is no loss) by 2 % or
    more, and the training loss is not near zero; the advice is twice the epochs. `why` is "few" if
    the run has fewer steps than any preset and its training loss ends above half of that of the
    first epoch; the advice is as many epochs as make USUAL_STEPS. An overfit model is never
    under-trained.
    """
    if not history or overfitting(history):
        return None
    train, epochs = _train_losses(history), len(history)
    steps = int(history[-1].step)
    numbers: Training = {"epochs": epochs, "steps": steps, "first": train[0], "last": train[-1]}
    if 0 < steps < FEW_STEPS and train[-1] > LEARNED_LITTLE * train[0]:
        return {**numbers, "why": "few", "more": math.ceil(USUAL_STEPS * epochs / steps)}
    measure = "loss" if "loss" in history[0].val else goal
    val = [row.val[measure] for row in history]
    if measure != "loss" and not metric_of(measure).lower_is_better:
        val = [-value for value in val]  # so that an improvement is a fall, as of a loss
    if epochs < 2 or _near_zero(train, train[0]):
        return None
    if _falls(train) >= FALLING and _falls(val) >= VAL_FALLING:
        return {**numbers, "why": "falling", "more": 2 * epochs, "share": _falls(train)}
    return None


def only_class(confusion: Sequence[Sequence[int]]) -> int | None:
    """The index of the class that the model predicts for every test sample; None if it predicts
    more than one class, or if all test samples are of one class."""
    counts = np.array(confusion or [[]])
    columns, rows = np.flatnonzero(counts.sum(0)), np.flatnonzero(counts.sum(1))
    return int(columns[0]) if len(columns) == 1 and len(rows) > 1 else None


def fit(history: Rows) -> Fit | None:
    """First and last training loss, and whether the model fits its training data: whether the last
    is at most LEARNED_LITTLE of the first. None without epochs."""
    if not history:
        return None
    train = _train_losses(history)
    # The larger of both, for the reason that `_near_zero` states.
    first = max(train[0], history[0].val.get("loss", train[0]))
    return {"first": first, "last": train[-1], "fits": train[-1] <= LEARNED_LITTLE * first}


def small(sizes: Sizes | None) -> dict[str, int]:
    """The validation and test splits with fewer than SMALL samples, with their sizes."""
    splits = {"val": sizes.val, "test": sizes.test} if sizes else {}
    return {name: count for name, count in splits.items() if count < SMALL}


def _train_losses(history: Rows) -> list[float]:
    """The mean loss of the first phase in each epoch."""
    return [next(iter(row.train.values())).loss for row in history]


def _near_zero(train: Sequence[float], first_val: float) -> bool:
    """Whether the last training loss is small compared with that of an untrained model.

    After the first epoch on large data the model is already trained, so the larger of the first
    training loss and the first validation loss is the reference.
    """
    return train[-1] <= NEAR_ZERO * max(train[0], first_val)


def _falls(losses: Sequence[float]) -> float:
    """Relative fall of the mean loss from the second last TAIL of the epochs to the last."""
    # At least one epoch and at most half of all, so that both windows lie inside the history.
    width = min(max(1, round(TAIL * len(losses))), len(losses) // 2)
    before = float(np.mean(losses[-2 * width : -width]))
    return (before - float(np.mean(losses[-width:]))) / max(abs(before), 1e-12)
