"""regress: one or more values per sample. Squared error in normalised units; metrics in the
data's own units.

values [N D]
"""

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from etude.layers.gaussian import Noise
from etude.locale.texts import Sentence, text
from etude.results import Baseline, Baselines
from etude.shapes import Batch, Float, Target, Tensor, wide
from etude.stats import Metric
from etude.tasks import linear, rocket, trees
from etude.tasks.plain import Names, PlainAnswers
from etude.tasks.protocol import (
    Arrays,
    Description,
    Metrics,
    Phase,
    Prediction,
    Setup,
    ranked,
    weights_of,
)
from etude.tasks.weights import for_fit, weighted_mean


def errors_of(
    predicted: np.ndarray, true: np.ndarray, weights: np.ndarray | None = None
) -> Metrics:
    """mae, rmse and r2 of predictions [n D] in the data's units, in float64. weights: of the
    samples [n].

    Each is the mean over the outputs, as scikit-learn's `mean_absolute_error`,
    `root_mean_squared_error` and `r2_score` define them.
    """
    # The mean over outputs, not over all values: otherwise an output in large units would hide the
    # r2 of the others.
    each = errors_by_output(predicted, true, weights)
    return {name: float(values.mean()) for name, values in each.items()}


def errors_by_output(
    predicted: np.ndarray, true: np.ndarray, weights: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """mae, rmse and r2 of each output [D]. For constant targets, r2 is 1 if all predictions are
    exact, else 0. weights: of the samples [n]."""
    predicted, true = predicted.astype(np.float64), true.astype(np.float64)
    if weights is not None:
        return _weighted_errors(predicted[weights > 0], true[weights > 0], weights[weights > 0])
    errors = predicted - true
    squared = (errors**2).sum(0)
    spread = ((true - true.mean(0)) ** 2).sum(0)
    # Compared exactly: the mean of equal values may be rounded, and then spread is not quite 0.
    varies = (true != true[:1]).any(0)
    r2 = np.where(varies, 1 - squared / np.where(spread > 0, spread, 1), squared == 0)
    return {"mae": np.abs(errors).mean(0), "rmse": np.sqrt((errors**2).mean(0)), "r2": r2}


def _weighted_errors(
    predicted: np.ndarray, true: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """`errors_by_output` of samples with weights above 0."""
    share = (weights / weights.sum())[:, None]
    errors = predicted - true
    squared = (share * errors**2).sum(0)
    spread = (share * (true - (share * true).sum(0)) ** 2).sum(0)
    varies = (true != true[:1]).any(0)
    r2 = np.where(varies, 1 - squared / np.where(spread > 0, spread, 1), squared == 0)
    return {"mae": (share * np.abs(errors)).sum(0), "rmse": np.sqrt(squared), "r2": r2}


def _mse(predicted: Tensor, y: Tensor, weights: Tensor | None) -> Float[Tensor, ""]:
    """Mean squared error of [n D], weighted by the samples' weights [n]."""
    if weights is None:
        return F.mse_loss(predicted, y)
    return weighted_mean(((predicted - y) ** 2).mean(1), weights)


def _numbers(weights: Tensor | None) -> np.ndarray | None:
    return None if weights is None else weights.numpy()


class Regress:
    """Regression of D values in `unit`. mean, std [D]: normalisation of the targets."""

    name = "regress"
    summary: Sentence = text("task.regress.summary")
    targets: tuple[Target, ...] = ("value",)
    needs = "outputs"
    predicts: Prediction = "values"
    metric = Metric("mae", lower_is_better=True)
    weighs = True

    def __init__(
        self,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        unit: str,
        names: tuple[str, ...] = (),
    ) -> None:
        self.mean, self.std, self.unit, self.names = mean, std, unit, names

    @classmethod
    def build(cls, setup: Setup) -> "Regress":
        """Of the values of the data, in their unit."""
        data = setup.data
        return cls(data.y_mean, data.y_std, data.unit, data.targets)

    def phases(self) -> tuple[Phase, ...]:
        """One phase: mean squared error."""
        return (Phase("regress", self.loss, mass=self._mass),)

    def outputs(self, model: nn.Module, batch: Batch) -> Float[Tensor, "N D"]:
        """Predictions in normalised units, fp32 or wider."""
        return wide(model(*batch.inputs))

    def loss(self, model: nn.Module, batch: Batch, noise: Noise) -> Float[Tensor, ""]:
        """Mean squared error in normalised units."""
        return _mse(self.outputs(model, batch), batch.y, batch.weights)

    def _mass(self, batch: Batch) -> Tensor | None:
        return None if batch.weights is None else batch.weights.sum()

    def in_units(self, values: Float[Tensor, "N D"]) -> np.ndarray:
        """Convert normalised values to the data's own units, float64 [N D]."""
        # In float64: targets with a large mean and a small spread would lose their digits in
        # float32.
        plain = values.cpu().double().numpy() * np.array(self.std) + np.array(self.mean)
        return np.asarray(plain)

    def evaluate(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """mae and rmse in the data's units, r2, and the loss (mean squared error, normalised)."""
        predicted, y, weights = self._all(model, batches)
        errors = errors_of(self.in_units(predicted), self.in_units(y), _numbers(weights))
        return {**errors, "loss": float(_mse(predicted, y, weights))}

    def _all(
        self, model: nn.Module, batches: Iterable[Batch]
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Predictions and targets [n D] in normalised units, and weights [n], float64."""
        predicted, true, weights = [], [], []
        for batch in batches:
            # To the CPU first: some devices (mps) have no float64.
            predicted.append(self.outputs(model, batch).cpu().double())
            true.append(batch.y.cpu().double())
            if batch.weights is not None:
                weights.append(batch.weights.cpu().double())
        return torch.cat(predicted), torch.cat(true), torch.cat(weights) if weights else None

    def detail(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """`evaluate` and the unit; with several outputs (the steps of a forecast), also the errors
        of each."""
        return self._by_output(*self._all(model, batches))

    def _by_output(self, predicted: Tensor, y: Tensor, weights: Tensor | None) -> Metrics:
        each = errors_by_output(self.in_units(predicted), self.in_units(y), _numbers(weights))
        means = {name: float(values.mean()) for name, values in each.items()}
        by_output = {name: values.tolist() for name, values in each.items()}
        several: Metrics = {"by_output": by_output} if y.shape[1] > 1 else {}
        if self.names:
            several["outputs"] = list(self.names)
        loss = float(_mse(predicted, y, weights))
        return {**means, "loss": loss, "unit": self.unit, **several}

    def better(self, new: Metrics, old: Metrics) -> bool:
        """Whether the loss is lower."""
        return bool(new["loss"] < old["loss"])

    def near(self, new: Metrics, top: Metrics) -> bool:
        """Always False: the metric is continuous, so differences of it decide."""
        return False

    def baseline(self, train: Arrays, test: Arrays) -> Baselines:
        """The baselines: the training mean, ridge regression on the raw values and, for sequences,
        ridge regression on random convolutions."""
        own = weights_of(train)
        fitted = for_fit(own)
        mean = np.average(train.y, axis=0, weights=own)
        predictions = {
            "mean": np.broadcast_to(mean, test.y.shape),
            "ridge": linear.values(linear.plain(train), train.y, linear.plain(test), fitted),
        }
        thinned = linear.thinning(train)
        if isinstance(train, trees.TableRows) and isinstance(test, trees.TableRows):
            predictions["boosting"] = trees.values(train, test, fitted)
            thinned += trees.thinning(train)
        if rocket.is_sequences(train):
            predictions["rocket"] = rocket.values(train, test, fitted)
            thinned += rocket.thinning(train)
        every = [
            Baseline(kind=kind, score=errors_of(values, test.y, weights_of(test))["mae"])
            for kind, values in predictions.items()
        ]
        return ranked(every, self.metric, thinned)

    def answers(self, outputs: Float[Tensor, "N D"]) -> list[dict[str, object]]:
        """One dict per sample: the value (a list if there are several outputs), its unit, and the
        names of the values where they have some."""
        return valued(self.in_units(outputs).tolist(), self.unit, self.names)

    @classmethod
    def replies(
        cls, data: Description, published: Mapping[str, np.ndarray]
    ) -> list[dict[str, object]]:
        """As `answers`, from the values."""
        return valued(published["values"].tolist(), data.unit, data.targets)

    def published(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """The values in units [N D]."""
        return {"values": self.scaled(self.outputs(model, batch))}

    def scaled(self, values: Float[Tensor, "N D"]) -> Float[Tensor, "N D"]:
        """Normalised values in the data's own units, float64 [N D], as `in_units` but of tensor
        operations alone."""
        mean, std = (torch.tensor(each, dtype=torch.float64) for each in (self.mean, self.std))
        return values.double() * std + mean

    def code(self, names: Names) -> PlainAnswers:
        """`published` as lines of plain PyTorch."""
        about = f" of {', '.join(self.names)}" if self.names else ""
        unit = f" in {self.unit}" if self.unit else ""
        show = '    print(f"{name}:", *(f"{v:.5g}" for v in values.tolist())UNIT)'
        return PlainAnswers(
            f"The values [N, {names.targets}]{about}{unit}",
            (f'return {{"values": {self.scaled_code(names.outputs)}}}',),
            ('for values in found["values"]:', show.replace("UNIT", self.unit_code())),
            self.texts_code(),
            self.numbers_code(),
        )

    def texts_code(self) -> dict[str, str | tuple[str, ...]]:
        """The constants that are texts."""
        return {"UNIT": self.unit} if self.unit else {}

    def numbers_code(self) -> dict[str, tuple[float, ...]]:
        """The constants of the targets."""
        return {"TARGET_MEAN": self.mean, "TARGET_STD": self.std}

    def unit_code(self) -> str:
        """A further argument of print."""
        return ", UNIT" if self.unit else ""

    def scaled_code(self, values: str) -> str:
        """`scaled` as an expression."""
        return f"{values}.double() * TARGET_STD + TARGET_MEAN"

    def snapshot(self, model: nn.Module, batch: Batch) -> dict[str, np.ndarray]:
        """No arrays: regression has no snapshots of its own."""
        return {}


def valued(rows: list[list[float]], unit: str, names: tuple[str, ...]) -> list[dict[str, object]]:
    """One dict per row of values in units: see `Regress.answers`."""
    named = {"outputs": list(names)} if names else {}
    return [{"value": row[0] if len(row) == 1 else row, "unit": unit, **named} for row in rows]


TASK = Regress
