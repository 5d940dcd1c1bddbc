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
    """mae, rmse and r2 of values [n D] in the data's units, over all of them."""
    found, true = found.astype(np.float64), true.astype(np.float64)
    wrong = found - true
    spread = float(((true - true.mean(0)) ** 2).sum())
    return {
        "mae": float(np.abs(wrong).mean()),
        "rmse": float(np.sqrt((wrong**2).mean())),
        "r2": 1 - float((wrong**2).sum()) / spread if spread else 0.0,
    }


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
        found, true = [], []
        for batch in batches:
            found.append(self.outputs(model, batch))
            true.append(batch.y)
        said, y = torch.cat(found), torch.cat(true)
        return {
            **errors_of(self.in_units(said), self.in_units(y)),
            "loss": float(F.mse_loss(said.cpu().double(), y.cpu().double())),
        }

    def detail(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """Also the unit."""
        return {**self.evaluate(model, batches), "unit": self.unit}

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
