"""First aid: does one step work, can it learn one batch, which learning rate is right?

All three work on copies: model and optimizers are as before when they return.
"""

import copy
import math
import time
from collections.abc import Sequence
from typing import Any

from torch import nn

from etude.errors import UsageError
from etude.recipe import Train
from etude.shapes import Batch
from etude.tasks.protocol import Task
from etude.training.randomness import reseed
from etude.training.step import Step

OVERFIT_STEPS = 300
LEARNED, VANISHED = 0.1, 0.001
"""Of the first loss: the batch is learned below the one, and more steps show nothing below the
other."""
LR_STEPS = 100
LR_RANGE = (1e-6, 1.0)
SMOOTH = 0.8
DIVERGED = 4.0
FELL = 0.95
STEEP = 0.5
"""Share of the steepest fall (per factor of the rate) down to which the loss falls fastest."""
SPAN = 3
"""Steps each way over which that fall is taken."""
GREW = 0.05
"""The loss counts as growing where it is above its lowest by this share of its whole fall."""


def dry_run(model: nn.Module, task: Task, train: Train, batch: Batch) -> dict[str, Any]:
    """One step on one batch: loss of each phase, parameters that got no gradient, seconds."""
    step = _copy(model, task, train, 1)
    began = time.perf_counter()
    reseed(0, "dry run")
    step(batch, 0)
    if step.bad:
        raise step.diagnose(batch, 0)
    phases = task.phases()
    untouched = [
        name
        for player in step.players
        for name, parameter in player.named
        if parameter.grad is None or not parameter.grad.any()
    ]
    return {
        "losses": {p.name: float(s[0]) for p, s in zip(phases, step.sums)},
        "gradient_norms": {p.name: float(s[1]) for p, s in zip(phases, step.sums)},
        "without_gradient": sorted(untouched),
        "seconds": time.perf_counter() - began,
    }


def overfit(model: nn.Module, task: Task, train: Train, batch: Batch) -> dict[str, Any]:
    """Train on one batch again and again, at a constant rate: the loss should all but vanish.

    At most OVERFIT_STEPS steps, fewer where the loss vanishes before. `losses`: the first phase's,
    by step; `first`, `last` and `steps` are their ends and count. `learned`: whether the last is
    below a tenth of the first. If not, the model, the loss or the learning rate is wrong, whatever
    the data are.
    """
    train = train.model_copy(update={"schedule": "constant", "warmup": 0.0, "weight_decay": 0.0})
    step = _copy(model, task, train, OVERFIT_STEPS)
    for module in step.model.modules():
        for name in ("p", "dropout"):  # of nn.Dropout; of attention and LSTM
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)
    losses: list[float] = []
    for number in range(OVERFIT_STEPS):
        losses.append(_loss(step, batch, number))
        if losses[-1] < VANISHED * losses[0]:
            break
    return {
        "losses": losses,
        "first": losses[0],
        "last": losses[-1],
        "steps": len(losses),
        "learned": losses[-1] < LEARNED * losses[0],
    }


def find_lr(model: nn.Module, task: Task, train: Train, batches: Sequence[Batch]) -> dict[str, Any]:
    """Losses while the rate rises from 1e-6 to 1, and a tenth of the rate where they were lowest.

    `rates`, `losses` and `smoothed` (an exponential mean of the losses) by step; `lowest`: the rate
    of the lowest smoothed loss; `suggestion`: a tenth of it; `falls_fastest`: from which rate to
    which the smoothed loss falls fastest; `grows_above`: from which rate on it grows, None where it
    does not.

    Source: L. Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, section 3.3;
    the tenth is S. Gugger's rule, for a start that lies safely before the rise.
    Raises UsageError if the loss never fell.
    """
    train = train.model_copy(update={"schedule": "constant", "warmup": 0.0})
    step = _copy(model, task, train, LR_STEPS)
    low, high = map(math.log, LR_RANGE)
    rates: list[float] = []
    losses: list[float] = []
    smooth: list[float] = []
    for number in range(LR_STEPS):
        rate = math.exp(low + (high - low) * number / (LR_STEPS - 1))
        for player in step.players:
            for each in player.optimizers:
                each.lr = rate
        loss = _loss(step, batches[number % len(batches)], number, stop_at_bad=False)
        if not math.isfinite(loss):
            break
        rates.append(rate)
        losses.append(loss)
        smooth.append(loss if not smooth else SMOOTH * smooth[-1] + (1 - SMOOTH) * loss)
        if smooth[-1] > DIVERGED * min(smooth):
            break
    lowest = min(range(len(smooth)), key=smooth.__getitem__, default=0)
    if not smooth or smooth[lowest] >= FELL * smooth[0]:
        raise UsageError(
            f"The loss fell at no learning rate between {LR_RANGE[0]:g} and {LR_RANGE[1]:g}, so "
            "none can be suggested.",
            do="See whether the model can learn one batch: --first-aid overfit. If it cannot, look "
            "at the labels and at the scale of the inputs.",
        )
    return {
        "rates": rates,
        "losses": losses,
        "smoothed": smooth,
        "suggestion": rates[lowest] / 10,
        "lowest": rates[lowest],
        "falls_fastest": steepest(rates, smooth, lowest),
        "grows_above": grows_above(rates, smooth, lowest),
    }


def steepest(rates: Sequence[float], losses: Sequence[float], lowest: int) -> tuple[float, float]:
    """From which rate to which the loss falls fastest: the steps around the steepest at which it
    falls at least STEEP times as fast, by central differences over at most SPAN steps each way."""
    last = len(losses) - 1
    lows = [max(0, i - SPAN) for i in range(lowest + 1)]
    highs = [min(last, i + SPAN) for i in range(lowest + 1)]
    falls = [(losses[a] - losses[b]) / (b - a) for a, b in zip(lows, highs)]
    first = end = max(range(lowest + 1), key=falls.__getitem__)
    limit = STEEP * falls[first]
    while first > 0 and falls[first - 1] >= limit:
        first -= 1
    while end < lowest and falls[end + 1] >= limit:
        end += 1
    return (rates[first], rates[end]) if first < end else (rates[lows[first]], rates[highs[end]])


def grows_above(rates: Sequence[float], losses: Sequence[float], lowest: int) -> float | None:
    """The last rate before the loss is, for good, clearly above its lowest; None where it never
    is."""
    limit = losses[lowest] + GREW * (losses[0] - losses[lowest])
    calm = max(i for i in range(len(losses)) if losses[i] <= limit)
    return None if calm == len(losses) - 1 else rates[calm]


def _copy(model: nn.Module, task: Task, train: Train, steps: int) -> Step:
    return Step(copy.deepcopy(model).train(), task.phases(), train, steps)


def _loss(step: Step, batch: Batch, number: int, stop_at_bad: bool = True) -> float:
    """One step; the loss of its first phase."""
    step.sums.zero_()
    reseed(0, "first aid", number)
    step(batch, number)
    if step.bad:
        if stop_at_bad:
            raise step.diagnose(batch, number)
        return math.nan
    return float(step.sums[0, 0])
