"""Weights of classes and of samples: what they mean in losses and in baselines.

A weighted loss is the weighted mean of a batch, sum(w loss) / sum(w), as torch defines it for
`F.cross_entropy(weight=...)`. No sample is drawn more often or left out.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from pydantic import Field, field_validator

from etude.config import Config, nearest
from etude.errors import InvalidValue, UsageError, plain
from etude.locale.texts import Text, listed, text
from etude.shapes import Float, Tensor

SHOWN = 8

ClassWeights = Literal["none", "balanced"] | dict[str, float]


class WeightsConfig(Config):
    """The fields of a classification in the recipe."""

    class_weights: ClassWeights = Field(default="none", description="config.task.class_weights")

    @field_validator("class_weights", mode="before")
    @classmethod
    def _words_or_numbers(cls, value: object) -> object:
        """One error for both forms; pydantic would report each of them."""
        if value in ("none", "balanced"):
            return value
        if not isinstance(value, Mapping) or not value:
            raise InvalidValue(text("task.class_weights.form"))
        numbers = {
            name: number
            for name, number in value.items()
            if isinstance(number, int | float) and not isinstance(number, bool)
        }
        if wrong := [k for k in value if k not in numbers or not 0 < numbers[k] < float("inf")]:
            raise InvalidValue(text("task.class_weights.number", names=tuple(wrong[:SHOWN])))
        return {name: float(number) for name, number in numbers.items()}


def class_weights(
    asked: ClassWeights, classes: Sequence[str], y: np.ndarray, weights: np.ndarray | None
) -> ClassWeights:
    """The weight of every class by name, or "none".

    balanced: n / (k n_c) for n samples and n_c of each of k classes, as scikit-learn's "balanced";
    with weights of samples [n], their sums instead of numbers. A class that is not named has
    weight 1. y [n]: the training targets. Raises UsageError for names that are no class.
    """
    if asked == "none":
        return asked
    if isinstance(asked, dict):
        if unknown := sorted(set(asked) - set(classes)):
            items = [
                text("task.class_weights.unknown", name=plain(name)) for name in unknown[:SHOWN]
            ]
            raise UsageError(
                text("task.class_weights.names", near=nearest(unknown[0], classes)), items=items
            )
        return {name: asked.get(name, 1.0) for name in classes}
    sums = np.bincount(y, weights, len(classes)).astype(np.float64)
    present = sums > 0
    # A class without training samples has no effect; 1 keeps its weight a number.
    balanced = np.where(present, sums.sum() / (present.sum() * np.where(present, sums, 1)), 1.0)
    return dict(zip(classes, balanced.tolist()))


def described(weights: Mapping[str, float]) -> Text:
    """A sentence with the weights of the classes, the largest first."""
    order = sorted(weights, key=lambda name: -weights[name])
    named = [f"{plain(name)} {weights[name]:.3g}" for name in order[:SHOWN]]
    return text("task.class_weights.note", named=listed(named, len(order)))


def weighted_mean(losses: Float[Tensor, " N"], weights: Tensor) -> Float[Tensor, ""]:
    """sum(w loss) / sum(w) of the losses of a batch; 0 if all weights are 0."""
    w = weights.to(losses.dtype)
    # A batch of samples that do not count changes nothing: 0 / tiny is 0, with gradient 0.
    return (losses * w).sum() / w.sum().clamp(min=torch.finfo(w.dtype).tiny)


def for_fit(weights: np.ndarray | None) -> np.ndarray | None:
    """Weights of training samples [n] with mean 1, so that the penalty of a linear baseline is as
    strong as without weights."""
    return None if weights is None else weights * (len(weights) / weights.sum())
