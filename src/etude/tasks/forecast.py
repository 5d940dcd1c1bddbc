"""forecast: the next steps of a series, as a correction to a naive forecast.

The network's output is added to the value one season ago or, if the series has no season, to the
last value. So a network that outputs zeros is exactly that baseline. The idea is NLinear's
(A. Zeng et al., "Are Transformers Effective for Time Series Forecasting?", 2023, section 4), with
the value one season ago instead of the last value.

    x [N L 1], forecast [N D] with D steps ahead
"""

from typing import Any

import numpy as np
from torch import nn
from torch.nn import functional as F

from etude.layers.gaussian import Noise
from etude.locale.texts import text
from etude.results import Baseline, Baselines
from etude.shapes import Batch, Float, Target, Tensor
from etude.tasks import linear
from etude.tasks.protocol import Arrays, Phase, Prediction, Setup, ranked
from etude.tasks.regress import Regress, errors_of


def naive(x: Any, horizon: int, season: int, lengths: Any = None) -> Any:
    """The seasonal naive forecast [N D]: the value one season before each future step.

    x [N L 1] or [N L], an array or a tensor; season 1 repeats the last value (persistence).
    lengths [N]: valid steps of each series; none may be shorter than the season.
    """
    # Steps further ahead than one season repeat the last season, since newer values are unknown.
    back = [step % season - season for step in range(horizon)]
    x = x.reshape(len(x), -1)
    if lengths is None:
        return x[:, back]
    return x[np.arange(len(x))[:, None], np.asarray(lengths)[:, None] + np.array(back)]


def since_last(x: np.ndarray) -> np.ndarray:
    """The difference of each step of x [N L 1] to the last step, float64 [N L]."""
    flat = x.reshape(len(x), -1).astype(np.float64)
    return np.asarray(flat - flat[:, -1:])


class Forecast(Regress):
    """Forecast of the next steps of a series.

    mean, std: normalisation of the targets. unit: of the series. log: whether the series is
    modelled as logarithms. season: its length in steps, 0 for none.
    """

    name = "forecast"
    summary = text("task.forecast.summary")
    targets: tuple[Target, ...] = ("forecast",)
    predicts: Prediction = "forecast"
    weighs = False

    def __init__(
        self, mean: tuple[float, ...], std: tuple[float, ...], unit: str, log: bool, season: int
    ) -> None:
        super().__init__(mean, std, unit)
        self.log, self.season = log, season

    @classmethod
    def build(cls, setup: Setup) -> "Forecast":
        """Of the series of the data, in its unit."""
        data = setup.data
        return cls(data.y_mean, data.y_std, data.unit, data.log, data.season)

    def phases(self) -> tuple[Phase, ...]:
        """One phase: the Huber loss of the forecast."""
        return (Phase("forecast", self.loss),)

    def outputs(self, model: nn.Module, batch: Batch) -> Float[Tensor, "N D"]:
        """The forecast in normalised units: the naive forecast plus the network's output."""
        change = super().outputs(model, batch)
        before = naive(batch.x, change.shape[1], self.season or 1, batch.lengths)
        return before + change  # type: ignore[no-any-return]

    def loss(self, model: nn.Module, batch: Batch, noise: Noise) -> Float[Tensor, ""]:
        """Huber loss in normalised units: absolute error, quadratic near zero (P. Huber, 1964)."""
        return F.huber_loss(self.outputs(model, batch), batch.y, delta=0.1)

    def in_units(self, values: Float[Tensor, "N D"]) -> np.ndarray:
        """Convert normalised values to the data's own units, float64 [N D]."""
        plain = super().in_units(values)
        return np.exp(plain) if self.log else plain

    def baseline(self, train: Arrays, test: Arrays) -> Baselines:
        """Four baselines: persistence, the value one season ago, a linear map from the
        input window to the future steps, and a linear map of differences to the last value.

        If the task models logarithms, the linear maps do too. The differences are NLinear's (Zeng
        et al., 2023, section 4).
        """
        horizon = test.y.shape[1]

        def scored(kind: str, predicted: np.ndarray) -> Baseline:
            return Baseline(kind=kind, score=errors_of(predicted, test.y)["mae"])

        every = [scored("persistence", naive(test.x, horizon, 1))]
        if self.season:
            every.append(scored("seasonal", naive(test.x, horizon, self.season)))
        forward, back = (np.log, np.exp) if self.log else (np.asarray, np.asarray)
        train_x, train_y, test_x = forward(train.x[:]), forward(train.y), forward(test.x[:])
        every.append(scored("linear", back(linear.values(train_x, train_y, test_x))))
        # Differences to the last value are unaffected by a level that drifts away from training.
        last, now = (naive(x, horizon, 1).astype(np.float64) for x in (train_x, test_x))
        changes = linear.values(since_last(train_x), train_y - last, since_last(test_x))
        every.append(scored("changes", back(now + changes)))
        return ranked(every, self.metric, linear.thinning(train))

    def answers(self, outputs: Float[Tensor, "N D"]) -> list[dict[str, object]]:
        """One dict per sample: the forecast as a list of values, and its unit."""
        return [{"value": row, "unit": self.unit} for row in self.in_units(outputs).tolist()]


TASK = Forecast
