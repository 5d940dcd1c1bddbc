"""forecast: the next steps of a series, as a correction to a naive forecast.

The network's output is added to the value one season ago or, if the series has no season, to the
last value. So a network that outputs zeros is exactly that baseline. The idea is NLinear's
(A. Zeng et al., "Are Transformers Effective for Time Series Forecasting?", 2023, section 4), with
the value one season ago instead of the last value.

    x [N L 1], or of series of the user's own [N T Q] whose first feature is the value in the first
    L of T steps; forecast [N D] with D steps ahead
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from etude.layers.gaussian import Noise
from etude.locale.texts import text
from etude.results import Baseline, Baselines
from etude.shapes import Batch, Float, Target, Tensor
from etude.tasks import linear
from etude.tasks.ahead import by_series, difference, drift, naive
from etude.tasks.plain import Names, PlainAnswers, naive_code
from etude.tasks.protocol import (
    Arrays,
    Description,
    Metrics,
    Panel,
    Phase,
    Prediction,
    Setup,
    ranked,
)
from etude.tasks.regress import Regress, errors_of


def since_last(x: np.ndarray) -> np.ndarray:
    """The difference of each step of x [N L 1] to the last step, float64 [N L]."""
    flat = x.reshape(len(x), -1).astype(np.float64)
    return np.asarray(flat - flat[:, -1:])


class Forecast(Regress):
    """Forecast of the next steps of a series.

    mean, std: normalisation of the targets. unit: of the series. log: whether the series is
    modelled as logarithms. season: its length in steps, 0 for none. panel: of series of the user's
    own; None for windows of one series.
    """

    name = "forecast"
    summary = text("task.forecast.summary")
    targets: tuple[Target, ...] = ("forecast",)
    predicts: Prediction = "forecast"
    weighs = False

    def __init__(
        self,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        unit: str,
        log: bool,
        season: int,
        panel: Panel | None = None,
    ) -> None:
        super().__init__(mean, std, unit)
        self.log, self.season, self.panel = log, season, panel

    @classmethod
    def build(cls, setup: Setup) -> "Forecast":
        """Of the series of the data, in its unit."""
        data = setup.data
        return cls(data.y_mean, data.y_std, data.unit, data.log, data.season, data.panel)

    def phases(self) -> tuple[Phase, ...]:
        """One phase: the Huber loss of the forecast."""
        return (Phase(self.name, self.loss),)

    def past(self, x: Any) -> Any:
        """The values [N L] of the steps that are known, of samples in any view."""
        if self.panel is None:
            return x.reshape(x.shape[0], -1)
        steps = x.reshape(x.shape[0], -1, self.panel.channels)
        return steps[:, : self.panel.length, 0]

    def naive(self, batch: Batch, horizon: int, season: int) -> Float[Tensor, "N D"]:
        """The seasonal naive forecast in normalised units; season 1: persistence."""
        before = naive(self.past(batch.x), horizon, season, batch.lengths)
        return in_place(before, batch)

    def outputs(self, model: nn.Module, batch: Batch) -> Float[Tensor, "N D"]:
        """The forecast in normalised units: the naive forecast plus the network's output."""
        change = super().outputs(model, batch)
        before = naive(self.past(batch.x), change.shape[1], self.season or 1, batch.lengths)
        return in_place(before + change, batch)

    def loss(self, model: nn.Module, batch: Batch, noise: Noise) -> Float[Tensor, ""]:
        """Huber loss in normalised units: absolute error, quadratic near zero (P. Huber, 1964)."""
        return F.huber_loss(self.outputs(model, batch), batch.y, delta=0.1)

    def in_units(self, values: Float[Tensor, "N D"]) -> np.ndarray:
        """Convert normalised values to the data's own units, float64 [N D]."""
        plain = super().in_units(values)
        return np.exp(plain) if self.log else plain

    def detail(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """The metrics of `evaluate` and of each step; of series of the user's own also MASE, the
        mean squared error in standard deviations, the errors of each series, and `versus`: the
        difference to the best naive forecast with its interval."""
        every, panel = list(batches), self.panel
        outputs, y, _ = self._all(model, every)
        predicted = self.middle(outputs)
        found = self._by_output(predicted, y, None)
        windows = panel.windows.get("test", ()) if panel else ()
        if panel is None or sum(windows) != len(y):
            return found
        mase, each = by_series(self.in_units(predicted), self.in_units(y), panel, windows)
        found |= {"mase": mase, "mse": float(F.mse_loss(predicted, y))}
        if len(panel.series) > 1:
            found["by_series"] = each
        versus = self._versus(every, predicted, y, windows)
        return {**found, "samples": len(y), **({"versus": versus} if versus else {})}

    def middle(self, outputs: Float[Tensor, "N E"]) -> Float[Tensor, "N D"]:
        """The forecast itself, of outputs that may hold more."""
        return outputs

    def _versus(
        self, batches: list[Batch], predicted: Tensor, y: Tensor, windows: Any
    ) -> Metrics | None:
        """The better naive forecast, and the difference of the absolute errors to it."""
        true = self.in_units(y)
        ours = np.abs(self.in_units(predicted) - true).mean(1)
        errors: dict[str, np.ndarray] = {}
        for kind, season in (("persistence", 1), ("seasonal", self.season)):
            if season:
                guess = torch.cat(
                    [self.naive(b, y.shape[1], season).cpu().double() for b in batches]
                )
                errors[kind] = np.abs(self.in_units(guess) - true).mean(1)
        kind = min(errors, key=lambda name: float(errors[name].mean()))
        found = difference(ours, errors[kind], windows, y.shape[1])
        if found is None:
            return None
        names = ("difference", "low", "high", "blocks")
        return {"kind": kind, "score": float(errors[kind].mean()), **dict(zip(names, found))}

    def baseline(self, train: Arrays, test: Arrays) -> Baselines:
        """Naive forecasts and linear maps on the test split: see `guesses`."""
        every = [
            Baseline(kind=kind, score=errors_of(ahead, test.y)["mae"])
            for kind, ahead in self.guesses(train, test.x[:], test.y.shape[1]).items()
        ]
        return ranked(every, self.metric, linear.thinning(train))

    def guesses(self, train: Arrays, x: np.ndarray, horizon: int) -> dict[str, np.ndarray]:
        """Forecasts [N D] of samples x by kind: persistence, the value one season ago, a linear map
        from the input window to the future steps, and a linear map of differences to the last
        value; of series of the user's own also drift.

        If the task models logarithms, the linear maps do too. The differences are NLinear's (Zeng
        et al., 2023, section 4).
        """
        if self.panel:
            return self._of_panel(train, x, horizon)
        found = {"persistence": naive(x, horizon, 1)}
        if self.season:
            found["seasonal"] = naive(x, horizon, self.season)
        forward, back = (np.log, np.exp) if self.log else (np.asarray, np.asarray)
        train_x, train_y, test_x = forward(train.x[:]), forward(train.y), forward(x)
        found["linear"] = back(linear.values(train_x, train_y, test_x))
        # Differences to the last value are unaffected by a level that drifts away from training.
        last, now = (naive(each, horizon, 1).astype(np.float64) for each in (train_x, test_x))
        changes = linear.values(since_last(train_x), train_y - last, since_last(test_x))
        found["changes"] = back(now + changes)
        return found

    def _of_panel(self, train: Arrays, x: np.ndarray, horizon: int) -> dict[str, np.ndarray]:
        """`guesses` for series whose samples are standardised already."""
        past = self.past(x).astype(np.float64)
        found = {"persistence": naive(past, horizon, 1), "drift": drift(past, horizon)}
        if self.season:
            found["seasonal"] = naive(past, horizon, self.season)
        chosen = linear.evenly(len(train.y), linear.MOST)
        some, y = train.x[chosen], self._normalised(train.y[chosen])
        last = self.past(some).astype(np.float64)[:, -1:]
        found["linear"] = linear.values(some, y, x)
        level, now = last.astype(some.dtype), past[:, -1:].astype(x.dtype)
        changes = linear.values(self._less(some, level), y - last, self._less(x, now))
        found["changes"] = past[:, -1:] + changes
        return {kind: self._in_own(values) for kind, values in found.items()}

    def _in_own(self, values: np.ndarray) -> np.ndarray:
        return self.in_units(torch.from_numpy(np.ascontiguousarray(values, np.float64)))

    def _less(self, x: np.ndarray, level: np.ndarray) -> np.ndarray:
        """Samples [N T Q] with a level [N 1] subtracted from the values that are known."""
        assert self.panel is not None
        result = x.copy()
        result[:, : self.panel.length, 0] -= level
        return result

    def _normalised(self, y: np.ndarray) -> np.ndarray:
        plain = np.log(y) if self.log else y
        return np.asarray((plain - np.array(self.mean)) / np.array(self.std))

    def answers(self, outputs: Float[Tensor, "N D"]) -> list[dict[str, object]]:
        """One dict per sample: the forecast as a list of values, and its unit."""
        return [{"value": row, "unit": self.unit} for row in self.in_units(outputs).tolist()]

    @classmethod
    def replies(
        cls, data: Description, published: Mapping[str, np.ndarray]
    ) -> list[dict[str, object]]:
        """As `answers`, from the forecast."""
        return [{"value": row, "unit": data.unit} for row in published["forecast"].tolist()]

    def published(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """The forecast in units [N D]."""
        return {"forecast": self.scaled(self.outputs(model, batch))}

    def scaled(self, values: Float[Tensor, "N D"]) -> Float[Tensor, "N D"]:
        """As `Regress.scaled`."""
        plain = super().scaled(values)
        return plain.exp() if self.log else plain

    def code(self, names: Names) -> PlainAnswers:
        """`published` as lines of plain PyTorch."""
        before = naive_code(names, self.season or 1)
        kind = f"the value {self.season} steps ago" if self.season else "the last value"
        lines = [f"before = {before}  # {kind}", f"y = before + {names.outputs}"]
        lines += ["y = y * spread + level"] if names.window else []
        unit = f" in {self.unit}" if self.unit else ""
        show = '    print(f"{name}:", *(f"{v:.5g}" for v in values.tolist())UNIT)'
        return PlainAnswers(
            f"The next {names.targets} steps [N, {names.targets}]{unit}",
            (*lines, f'return {{"forecast": {self.scaled_code("y")}}}'),
            ('for values in found["forecast"]:', show.replace("UNIT", self.unit_code())),
            self.texts_code(),
            self.numbers_code(),
        )

    def scaled_code(self, values: str) -> str:
        """As `Regress.scaled_code`."""
        plain = super().scaled_code(values)
        return f"({plain}).exp()" if self.log else plain


def in_place(values: Float[Tensor, "N D"], batch: Batch) -> Float[Tensor, "N D"]:
    """Values in the scale of their windows, back in normalised units; unchanged for samples that
    are not scaled by themselves."""
    if batch.window is None:
        return values
    return values * batch.window[:, 1:] + batch.window[:, :1]


TASK = Forecast
