"""How forecasts are measured: drift, MASE, the interval of a difference, pinball loss, coverage."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.metrics import mean_pinball_loss
from torch import nn

from etude.layers.window import levels, relative
from etude.shapes import Batch
from etude.tasks.ahead import by_series, difference, drift
from etude.tasks.forecast import Forecast
from etude.tasks.quantiles import LEVELS, Quantiles, pinball


def rng(seed=0):
    return np.random.default_rng(seed)


def panel(length=6, steps=6, channels=1, windows=(), log=False):
    series = [
        SimpleNamespace(name="a", mean=2.0, std=3.0, naive=0.5),
        SimpleNamespace(name="b", mean=-1.0, std=0.5, naive=2.0),
    ]
    return SimpleNamespace(
        length=length, steps=steps, channels=channels, log=log, windows={"test": windows},
        series=series[: max(len(windows), 1)],
    )  # fmt: skip


def mase_by_hand(true, predicted, history, season):
    """Hyndman and Koehler 2006, equation of the scaled error, by loops."""
    scale = [abs(history[t] - history[t - season]) for t in range(season, len(history))]
    return np.mean([abs(a - b) for a, b in zip(true, predicted, strict=True)]) / np.mean(scale)


def test_drift_continues_the_line_through_both_ends():
    value = rng().normal(size=(4, 6))
    for row, found in zip(value, drift(value, 3), strict=True):
        slope = (row[-1] - row[0]) / 5
        np.testing.assert_allclose(found, [row[-1] + slope * h for h in (1, 2, 3)])


def test_errors_of_each_series_are_in_its_own_units():
    true, guess = rng(1).normal(size=(5, 3)), rng(2).normal(size=(5, 3))
    mase, found = by_series(guess, true, panel(windows=(3, 2)), (3, 2))
    a, b = np.abs(guess - true)[:3] * 3.0, np.abs(guess - true)[3:] * 0.5
    assert found["a"]["mae"] == pytest.approx(a.mean())
    assert found["b"]["rmse"] == pytest.approx(np.sqrt((b**2).mean()))
    assert mase == pytest.approx((3 * a.mean() / 0.5 + 2 * b.mean() / 2.0) / 5)
    history = rng(3).normal(size=40)
    one = panel(windows=(5,))
    one.series[0].naive = float(np.abs(history[4:] - history[:-4]).mean())
    expected = mase_by_hand(true.ravel(), guess.ravel(), history, 4)
    assert by_series(guess, true, one, (5,))[0] == pytest.approx(expected)
    assert by_series(guess, true, one, (5,))[0] != pytest.approx(
        mase_by_hand(true.ravel(), guess.ravel(), history, 1)
    )


def test_the_interval_of_a_difference_covers_none_and_finds_a_real_one():
    """Errors of neighbouring windows are alike, as those of a moving average are."""
    hits = 0
    for seed in range(200):
        steps = rng(seed).normal(size=411)
        alike = np.convolve(steps, np.ones(12) / 12, "valid")
        _, low, high, blocks = difference(np.zeros(400), alike, (400,), 12)
        hits += low <= 0 <= high
        assert blocks == 400 // 24
    assert 0.85 * 200 < hits < 200
    mean, low, high, _ = difference(np.zeros(400), alike + 2, (400,), 12)
    assert low > 0 and low < mean < high
    assert difference(np.zeros(20), np.ones(20), (20,), 12) is None
    assert difference(np.zeros(100), np.ones(100), (100,), 12)[3] == 8


def test_series_of_one_time_count_once():
    """Two copies of one series say no more than one of them."""
    gaps = rng().normal(size=240)
    one = difference(np.zeros(240), gaps, (240,), 6)
    both = difference(np.zeros(480), np.r_[gaps, gaps], (240, 240), 6)
    assert one == pytest.approx(both)


def test_pinball_is_that_of_scikit_learn():
    y, q = torch.randn(50, 4), torch.randn(50, 4, len(LEVELS))
    expected = [
        mean_pinball_loss(y.ravel(), q[..., k].ravel(), alpha=level)
        for k, level in enumerate(LEVELS)
    ]
    assert float(pinball(q, y, torch.tensor(LEVELS))) == pytest.approx(np.mean(expected), rel=1e-5)
    turned = float(pinball(q, y, 1 - torch.tensor(LEVELS)))
    assert turned != pytest.approx(np.mean(expected), rel=1e-3)


class Fixed(nn.Module):
    """Returns the same outputs for every sample."""

    def __init__(self, outputs):
        super().__init__()
        self.outputs = outputs

    def forward(self, x):
        return self.outputs.expand(len(x), -1)


def batch(x, y, scaled=True):
    window = levels(x, x.shape[1]) if scaled else None
    inside = relative(x, window, x.shape[1]) if window is not None else x
    return Batch(inside, y, None, np.arange(len(x)), window=window)


def test_quantiles_never_cross_and_the_median_continues_the_naive_forecast():
    x = torch.randn(8, 6, 1)
    task = Quantiles((0.0,), (1.0,), "", False, 0, panel(windows=(8,)))
    outputs = task.outputs(Fixed(5 * torch.randn(1, 3 * len(LEVELS))), batch(x, torch.zeros(8, 3)))
    bands = task.bands(outputs)
    assert bool((bands.diff(dim=-1) > 0).all())
    zero = task.outputs(Fixed(torch.zeros(1, 3 * len(LEVELS))), batch(x, torch.zeros(8, 3)))
    torch.testing.assert_close(task.middle(zero), x[:, -1:, 0].expand(-1, 3))
    [answer] = task.answers(zero[:1])
    assert list(answer["quantiles"]) == ["0.1", "0.5", "0.9"]


def test_coverage_is_the_share_of_values_inside():
    x, y = torch.zeros(40, 6, 1), torch.randn(40, 3)
    task = Quantiles((0.0,), (1.0,), "", False, 0, panel(windows=(40,)))
    model = Fixed(torch.zeros(1, 3 * len(LEVELS)))
    found = task.detail(model, [batch(x, y, scaled=False)])
    reach = np.log(2)  # softplus(0)
    assert found["coverage"] == pytest.approx(float((y.abs() <= reach).float().mean()))
    assert found["nominal"] == pytest.approx(0.8) and found["width"] == pytest.approx(2 * reach)


def test_a_window_scaled_by_itself_gives_the_forecast_of_the_unscaled_one():
    x = 100 + 7 * torch.randn(8, 6, 1)
    for season in (0, 3):
        task = Forecast((0.0,), (1.0,), "", False, season, panel(windows=(8,)))
        zero = Fixed(torch.zeros(1, 4))
        a, b = (task.outputs(zero, batch(x, torch.zeros(8, 4), scaled)) for scaled in (True, False))
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-5)


def test_only_the_value_of_known_steps_is_the_past():
    x = torch.randn(5, 8, 2)
    task = Forecast((0.0,), (1.0,), "", False, 0, panel(length=6, steps=8, channels=2))
    for view in (x, x.flatten(1)):
        torch.testing.assert_close(task.past(view), x[:, :6, 0])
