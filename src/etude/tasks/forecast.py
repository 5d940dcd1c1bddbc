"""forecast: the next steps of a series, as a change from what a naive forecaster would say.

The network adds to the value one season ago (or, where the series has no season, to the last
value), so that a network that says nothing is exactly that baseline. The idea is NLinear's
(A. Zeng et al., "Are Transformers Effective for Time Series Forecasting?", 2023, section 4), with
the season in the place of the last value.

    x [N L 1], forecast [N D] with D steps ahead
"""

from typing import Any

import numpy as np
from torch import nn
from torch.nn import functional as F

from etude.shapes import Batch, Float, Tensor
from etude.tasks import linear
from etude.tasks.protocol import Arrays, Metrics, Phase
from etude.tasks.regress import Regress, errors_of


def naive(x: Any, horizon: int, season: int, lengths: Any = None) -> Any:
    """What was seen one season before each step [N D], from x [N L 1] or [N L]; season 1 is
    persistence. Works on arrays and tensors alike. lengths [N]: valid steps, where they differ;
    none may be shorter than the season.
    """
    back = [step % season - season for step in range(horizon)]
    x = x.reshape(len(x), -1)
    if lengths is None:
        return x[:, back]
    return x[np.arange(len(x))[:, None], np.asarray(lengths)[:, None] + np.array(back)]


def since_last(x: np.ndarray) -> np.ndarray:
    """How far each step of x [N L 1] is from the last, float64 [N L]."""
    flat = x.reshape(len(x), -1).astype(np.float64)
    return np.asarray(flat - flat[:, -1:])


class Forecast(Regress):
    """Predict the next steps of a series of `unit`; log: it is modelled as logarithms."""

    name = "forecast"

    def __init__(
        self, mean: tuple[float, ...], std: tuple[float, ...], unit: str, log: bool, season: int
    ) -> None:
        super().__init__(mean, std, unit)
        self.log, self.season = log, season

    def phases(self) -> tuple[Phase, ...]:
        """One: come closer than the naive forecast."""
        return (Phase("forecast", self.loss),)

    def outputs(self, model: nn.Module, batch: Batch) -> Float[Tensor, "N D"]:
        """The steps ahead in normalised units: the naive forecast plus the network's change."""
        change = super().outputs(model, batch)
        before = naive(batch.x, change.shape[1], self.season or 1, batch.lengths)
        return before + change  # type: ignore[no-any-return]

    def loss(self, model: nn.Module, batch: Batch) -> Float[Tensor, ""]:
        """Mean absolute error in normalised units, smooth near zero (Huber, 1964)."""
        return F.huber_loss(self.outputs(model, batch), batch.y, delta=0.1)

    def in_units(self, values: Float[Tensor, "N D"]) -> np.ndarray:
        """Normalised values in the data's own units, float64 [N D]."""
        plain = super().in_units(values)
        return np.exp(plain) if self.log else plain

    def baseline(self, train: Arrays, test: Arrays) -> Metrics:
        """Persistence, the value one season ago, a linear map from what is shown to what comes, and
        one between their differences to the last value (on logarithms, where the task is); the best
        of them is the one to beat.

        The differences are NLinear's (Zeng et al., 2023, section 4): a level that drifts away from
        that of training cannot mislead them.
        """
        horizon = test.y.shape[1]
        found = {"persistence": errors_of(naive(test.x, horizon, 1), test.y)["mae"]}
        if self.season:
            seasonal = naive(test.x, horizon, self.season)
            found["seasonal naive"] = errors_of(seasonal, test.y)["mae"]
        turn, back = (np.log, np.exp) if self.log else (np.asarray, np.asarray)
        shown, ahead, seen = turn(train.x[:]), turn(train.y), turn(test.x[:])
        said, note = linear.values(shown, ahead, seen)
        found["linear map"] = errors_of(back(said), test.y)["mae"]
        last, now = (naive(x, horizon, 1).astype(np.float64) for x in (shown, seen))
        steps = linear.values(since_last(shown), ahead - last, since_last(seen))[0]
        found["linear map of changes"] = errors_of(back(now + steps), test.y)["mae"]
        best = min(found, key=lambda name: found[name])
        return {"mae": found[best], "what": best, "all": found, "note": note}

    def answers(self, outputs: Float[Tensor, "N D"]) -> list[dict[str, Any]]:
        """value: the steps ahead as a list, and its unit."""
        return [{"value": row, "unit": self.unit} for row in self.in_units(outputs).tolist()]
