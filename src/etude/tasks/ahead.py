"""Naive forecasts of series, and how forecasts are measured: by series, by MASE, and against a
naive forecast with an interval for the difference.

MASE is the mean absolute error divided by that of the (seasonal) naive forecast within the training
part of the same series: R. Hyndman, A. Koehler, "Another look at measures of forecast accuracy",
International Journal of Forecasting 22, 2006. Below 1 is better than that forecast.

    value [N L], forecasts and targets [N D] with D steps ahead, in order of series and then of time
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from etude.tasks.protocol import Metrics, Panel

FEWEST, FEW = 2, 8
"""Blocks of windows that an interval needs; with fewer than FEW they are made shorter."""


def naive(x: Any, horizon: int, season: int, lengths: Any = None) -> Any:
    """The seasonal naive forecast [N D]: the value one season before each future step.

    x [N L 1] or [N L], an array or a tensor; season 1 repeats the last value (persistence).
    lengths [N]: valid steps of each series; none may be shorter than the season.
    """
    # Steps further ahead than one season repeat the last season, since newer values are unknown.
    back = [step % season - season for step in range(horizon)]
    # Not len(x): where a network is traced, that is a number, and shape[0] is the batch axis.
    x = x.reshape(x.shape[0], -1)
    if lengths is None:
        return x[:, back]
    if isinstance(x, torch.Tensor):
        steps = lengths.to(x.device)[:, None] + torch.tensor(back, device=x.device)
        return x.gather(1, steps)
    return x[np.arange(len(x))[:, None], np.asarray(lengths)[:, None] + np.array(back)]


def drift(value: np.ndarray, horizon: int) -> np.ndarray:
    """The last value and the mean change per step of the window [N L], continued: [N D]."""
    steps = max(value.shape[1] - 1, 1)
    slope = (value[:, -1:] - value[:, :1]) / steps
    return np.asarray(value[:, -1:] + slope * np.arange(1, horizon + 1))


def in_own_units(values: np.ndarray, panel: Panel, windows: Sequence[int]) -> np.ndarray:
    """Values [N ...] in the units of their series, float64: from standard deviations, if there are
    several series. windows: the number of samples of each series."""
    if len(panel.series) == 1:
        return values
    shape = (-1, *[1] * (values.ndim - 1))
    mean, std = (
        np.repeat([getattr(one, name) for one in panel.series], windows).reshape(shape)
        for name in ("mean", "std")
    )
    plain = values * std + mean
    return np.asarray(np.exp(plain) if panel.log else plain)


def by_series(
    predicted: np.ndarray, true: np.ndarray, panel: Panel, windows: Sequence[int]
) -> tuple[float, dict[str, Metrics]]:
    """(MASE of all samples, mae, rmse and mase of each series in its own units)."""
    predicted, true = (in_own_units(each, panel, windows) for each in (predicted, true))
    errors = np.abs(predicted - true)
    found: dict[str, Metrics] = {}
    total, at = 0.0, 0
    for one, count in zip(panel.series, windows, strict=True):
        own = errors[at : at + count]
        at += count
        if not count:
            continue
        mae = float(own.mean())
        found[one.name] = {
            "mae": mae,
            "rmse": float(np.sqrt((own**2).mean())),
            "mase": mae / one.naive,
            "windows": count,
        }
        total += count * mae / one.naive
    return total / max(len(errors), 1), found


def difference(
    network: np.ndarray, other: np.ndarray, windows: Sequence[int], horizon: int
) -> tuple[float, float, float, int] | None:
    """(mean difference other - network, ends of its 95 % interval, blocks) of the errors [N] of
    windows; None if there are too few.

    Neighbouring windows share most of their steps, so the interval is that of the means of blocks
    of 2 D successive windows (of D, if there are few), by Student's t; series of one time are
    averaged first, because they move together. A positive difference is in favour of the network.
    """
    from scipy import stats

    gaps = other - network
    rows, at = np.full((len(windows), max(windows, default=0)), np.nan), 0
    for row, count in zip(rows, windows, strict=True):
        # Series end together more often than they begin together.
        row[len(row) - count :] = gaps[at : at + count]
        at += count
    steps = np.nanmean(rows[:, ~np.isnan(rows).all(0)], 0)
    count = len(steps) // (2 * horizon)
    if count < FEW:
        count = len(steps) // horizon
    if count < FEWEST:
        return None
    means = np.array([block.mean() for block in np.array_split(steps, count)])
    mean = float(means.mean())
    half = float(stats.t.ppf(0.975, count - 1)) * float(means.std(ddof=1)) / count**0.5
    return mean, mean - half, mean + half, count
