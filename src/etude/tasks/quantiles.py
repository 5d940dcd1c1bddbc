"""quantiles: the next steps of a series as three quantiles, so that a forecast has an interval.

The network has three outputs for each step: the change of the median from a naive forecast, and the
distances of the other quantiles to it. Distances are positive, so quantiles never cross. The loss
is the pinball loss (R. Koenker, G. Bassett, "Regression Quantiles", Econometrica 46, 1978), whose
minimum is the quantile. How often the interval holds the true value is measured on the test split.

    outputs [N D*K], by step and then by level; targets [N D]
"""

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from etude.layers.gaussian import Noise
from etude.locale.texts import text
from etude.results import Baseline, Baselines
from etude.shapes import Batch, Float, Tensor, wide
from etude.stats import Metric
from etude.tasks import linear
from etude.tasks.ahead import naive
from etude.tasks.forecast import Forecast, in_place
from etude.tasks.plain import Names, PlainAnswers, naive_code
from etude.tasks.protocol import Arrays, Description, Metrics, ranked
from etude.tasks.regress import errors_of

LEVELS = (0.1, 0.5, 0.9)
MIDDLE = LEVELS.index(0.5)


def pinball(
    quantiles: Float[Tensor, "N D K"], y: Float[Tensor, "N D"], levels: Float[Tensor, " K"]
) -> Float[Tensor, ""]:
    """The mean pinball loss: max(q e, (q - 1) e) for level q and error e = y - quantile."""
    error = y[..., None] - quantiles
    return torch.maximum(levels * error, (levels - 1) * error).mean()


class Quantiles(Forecast):
    """Forecast of the quantiles LEVELS of the next steps of a series."""

    name = "quantiles"
    summary = text("task.quantiles.summary")
    metric = Metric("quantile_loss", lower_is_better=True)
    per_target = len(LEVELS)
    levels = LEVELS

    def outputs(self, model: nn.Module, batch: Batch) -> Float[Tensor, "N E"]:
        """The quantiles of each step in normalised units, in order: [N D*K]."""
        raw = self.bands(wide(model(*batch.inputs)))
        median = raw[..., MIDDLE]
        before = naive(self.past(batch.x), raw.shape[1], self.season or 1, batch.lengths)
        median = (before + median)[..., None]
        below = F.softplus(raw[..., :MIDDLE]).flip(-1).cumsum(-1).flip(-1)
        above = F.softplus(raw[..., MIDDLE + 1 :]).cumsum(-1)
        every = torch.cat((median - below, median, median + above), -1)
        return in_place(every.flatten(1), batch)

    def loss(self, model: nn.Module, batch: Batch, noise: Noise) -> Float[Tensor, ""]:
        """Pinball loss in normalised units."""
        return self._pinball(self.outputs(model, batch), batch.y)

    def _pinball(self, outputs: Tensor, y: Tensor) -> Tensor:
        return pinball(self.bands(outputs), y, torch.tensor(LEVELS).to(y))

    @staticmethod
    def bands(outputs: Float[Tensor, "N E"]) -> Float[Tensor, "N D K"]:
        """The quantiles by step and level."""
        return outputs.reshape(outputs.shape[0], -1, len(LEVELS))

    def middle(self, outputs: Float[Tensor, "N E"]) -> Float[Tensor, "N D"]:
        """The medians."""
        return self.bands(outputs)[..., MIDDLE]

    def evaluate(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """The pinball loss in the data's units and normalised; mae, rmse and r2 of the median."""
        outputs, y, _ = self._all(model, batches)
        return self._measured(outputs, y)

    def _measured(self, outputs: Tensor, y: Tensor) -> Metrics:
        bands = self.bands(torch.from_numpy(self.in_units(outputs)))
        true = self.in_units(y)
        levels = torch.tensor(LEVELS, dtype=torch.float64)
        return {
            "quantile_loss": float(pinball(bands, torch.from_numpy(true), levels)),
            **errors_of(bands[..., MIDDLE].numpy(), true),
            "loss": float(self._pinball(outputs, y)),
        }

    def detail(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """`evaluate`, the errors of each step, and how often the interval holds the true value:
        `coverage`, beside the share that it should hold, `nominal`."""
        every = list(batches)
        found = super().detail(model, every)
        outputs, y, _ = self._all(model, every)
        bands = self.in_units(outputs).reshape(len(y), -1, len(LEVELS))
        true = self.in_units(y)
        inside = (bands[..., 0] <= true) & (true <= bands[..., -1])
        return {
            **found,
            **self._measured(outputs, y),
            "coverage": float(inside.mean()),
            "nominal": LEVELS[-1] - LEVELS[0],
            "width": float((bands[..., -1] - bands[..., 0]).mean()),
            "coverage_by_step": inside.mean(0).tolist(),
        }

    def baseline(self, train: Arrays, test: Arrays) -> Baselines:
        """Each forecast of `Forecast.guesses` with the quantiles of its own errors in training, by
        step."""
        levels = torch.tensor(LEVELS, dtype=torch.float64)
        chosen = linear.evenly(len(train.y), linear.MOST)
        x, y = train.x[chosen], np.asarray(train.y[chosen], np.float64)
        true, horizon = torch.from_numpy(np.asarray(test.y, np.float64)), test.y.shape[1]
        fitted, ahead = (self.guesses(train, each, horizon) for each in (x, test.x[:]))
        every = []
        for kind, guess in ahead.items():
            errors = np.quantile(y - fitted[kind], LEVELS, axis=0)
            bands = torch.from_numpy(guess[..., None] + np.moveaxis(errors, 0, -1))
            every.append(Baseline(kind=kind, score=float(pinball(bands, true, levels))))
        return ranked(every, self.metric, linear.thinning(train))

    def answers(self, outputs: Float[Tensor, "N E"]) -> list[dict[str, object]]:
        """One dict per sample: the median as a list of values, the unit, and the quantiles by their
        level."""
        return banded(self.in_units(outputs).reshape(len(outputs), -1, len(LEVELS)), self.unit)

    @classmethod
    def replies(
        cls, data: Description, published: Mapping[str, np.ndarray]
    ) -> list[dict[str, object]]:
        """As `answers`, from the quantiles."""
        return banded(published["quantiles"], data.unit)

    def published(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """The medians [N D] and the quantiles by level [N D K], in units."""
        bands = self.bands(self.scaled(self.outputs(model, batch)))
        return {"forecast": bands[..., MIDDLE], "quantiles": bands}

    def code(self, names: Names) -> PlainAnswers:
        """`published` as lines of plain PyTorch."""
        horizon, count = names.targets, len(LEVELS)
        lines = [
            f"low, middle, high = {names.outputs}.view(-1, {horizon}, {count}).unbind(-1)",
            f"middle = {naive_code(names, self.season or 1)} + middle",
            "low, high = middle - F.softplus(low), middle + F.softplus(high)",
            "y = torch.stack((low, middle, high), dim=-1)",
        ]
        lines += ["y = y * spread[..., None] + level[..., None]"] if names.window else []
        lines.append(f"y = {self.scaled_code('y')}")
        levels = ", ".join(f"{level:g}" for level in LEVELS)
        unit = f" in {self.unit}" if self.unit else ""
        return PlainAnswers(
            f"The quantiles {levels} and the median of the next {horizon} steps{unit}",
            (*lines, 'return {"forecast": y[..., 1], "quantiles": y}'),
            (
                'for steps in found["quantiles"].tolist():',
                "    for step, (low, middle, high) in enumerate(steps, 1):",
                '        band = f"{middle:.5g} ({low:.5g} to {high:.5g})"',
                f'        print(f"{{name}}: step {{step}}", band{self.unit_code()})',
            ),
            self.texts_code(),
            self.numbers_code(),
        )


def banded(bands: np.ndarray, unit: str) -> list[dict[str, object]]:
    """One dict per sample, from quantiles [N D K] in units: see `Quantiles.answers`."""
    return [
        {
            "value": sample[:, MIDDLE].tolist(),
            "unit": unit,
            "quantiles": {f"{q:g}": sample[:, k].tolist() for k, q in enumerate(LEVELS)},
        }
        for sample in bands
    ]


TASK = Quantiles
