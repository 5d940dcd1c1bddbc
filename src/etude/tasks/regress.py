"""regress: values for a sample. Squared error in normalised units; metrics in the data's own.

values [N D]
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from etude.shapes import Batch, Float, Tensor, wide
from etude.tasks import linear, rocket
from etude.tasks.protocol import Arrays, Metrics, Phase


def errors_of(found: np.ndarray, true: np.ndarray) -> Metrics:
    """mae, rmse and r2 of values [n D] in the data's units, in float64: each the mean of what the
    outputs have by themselves, as scikit-learn's `mean_absolute_error`, `root_mean_squared_error`
    and `r2_score` define them, so that no output's r2 is hidden behind one in larger units."""
    each = errors_by_output(found, true)
    return {name: float(values.mean()) for name, values in each.items()}


def errors_by_output(found: np.ndarray, true: np.ndarray) -> dict[str, np.ndarray]:
    """mae, rmse and r2 of each output [D]. The r2 of targets that are all the same is 1 where they
    are met exactly, else 0."""
    found, true = found.astype(np.float64), true.astype(np.float64)
    wrong = found - true
    missed = (wrong**2).sum(0)
    spread = ((true - true.mean(0)) ** 2).sum(0)
    varies = (true != true[:1]).any(0)
    r2 = np.where(varies, 1 - missed / np.where(spread > 0, spread, 1), missed == 0)
    return {"mae": np.abs(wrong).mean(0), "rmse": np.sqrt((wrong**2).mean(0)), "r2": r2}


def _squared(said: Tensor, y: Tensor) -> float:
    return float(F.mse_loss(said, y))


class Regress:
    """Predict values in `unit`. mean, std [D]: what training normalised them by."""

    name = "regress"
    goal = "mae"

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...], unit: str) -> None:
        self.mean, self.std, self.unit = mean, std, unit

    def phases(self) -> tuple[Phase, ...]:
        """One: lower the squared error."""
        return (Phase("regress", self.loss),)

    def outputs(self, model: nn.Module, batch: Batch) -> Float[Tensor, "N D"]:
        """Values in normalised units."""
        return wide(model(*batch.inputs))

    def loss(self, model: nn.Module, batch: Batch) -> Float[Tensor, ""]:
        """Mean squared error in normalised units."""
        return F.mse_loss(self.outputs(model, batch), batch.y)

    def in_units(self, values: Float[Tensor, "N D"]) -> np.ndarray:
        """Normalised values in the data's own units, float64 [N D]."""
        plain = values.cpu().double().numpy() * np.array(self.std) + np.array(self.mean)
        return np.asarray(plain)

    def evaluate(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """mae and rmse in the data's units, r2, and the loss."""
        said, y = self._all(model, batches)
        return {**errors_of(self.in_units(said), self.in_units(y)), "loss": _squared(said, y)}

    def _all(self, model: nn.Module, batches: Iterable[Batch]) -> tuple[Tensor, Tensor]:
        """Predictions and targets [n D] in normalised units, float64."""
        found, true = [], []
        for batch in batches:
            found.append(self.outputs(model, batch).cpu().double())
            true.append(batch.y.cpu().double())
        return torch.cat(found), torch.cat(true)

    def detail(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """Also the unit; and, where there are several outputs (steps, in a forecast), the errors of
        each."""
        said, y = self._all(model, batches)
        each = errors_by_output(self.in_units(said), self.in_units(y))
        means = {name: float(values.mean()) for name, values in each.items()}
        by_output = {name: values.tolist() for name, values in each.items()}
        several = {"by_output": by_output} if y.shape[1] > 1 else {}
        return {**means, "loss": _squared(said, y), "unit": self.unit, **several}

    def better(self, new: Metrics, old: Metrics) -> bool:
        """Lower loss."""
        return bool(new["loss"] < old["loss"])

    def near(self, new: Metrics, top: Metrics) -> bool:
        """Never: the measure is fine enough to decide."""
        return False

    def baseline(self, train: Arrays, test: Arrays) -> Metrics:
        """The training mean, ridge regression on the raw values, and for sequences a ridge on
        random convolutions; the best of them is the one to beat."""
        said, note = linear.values(linear.plain(train), train.y, linear.plain(test))
        found = {
            "always say the training mean": np.broadcast_to(train.y.mean(0), test.y.shape),
            "ridge regression": said,
        }
        if rocket.is_sequences(train):
            found[rocket.NAME], more = rocket.values(train, test)
            note = linear.joined(note, more)
        errors = {name: errors_of(values, test.y) for name, values in found.items()}
        best = min(errors, key=lambda name: errors[name]["mae"])
        every = {name: each["mae"] for name, each in errors.items()}
        return {**errors[best], "what": best, "all": every, "note": note}

    def answers(self, outputs: Float[Tensor, "N D"]) -> list[dict[str, Any]]:
        """value (a number, or a list where there are several) and its unit."""
        rows = self.in_units(outputs).tolist()
        return [{"value": row[0] if len(row) == 1 else row, "unit": self.unit} for row in rows]

    def snapshot(self, model: nn.Module, batch: Batch) -> dict[str, np.ndarray]:
        """Nothing."""
        return {}
