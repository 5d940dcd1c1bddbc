"""Sanity checks before training: a single step, overfitting one batch, a learning rate range test.

All three train a copy of the model, so the model itself does not change.
"""

import copy
import math
import time
from collections.abc import Sequence

from torch import nn

from etude.errors import UsageError
from etude.locale.texts import text
from etude.recipe import Train
from etude.shapes import Batch
from etude.system.limits import Plain
from etude.tasks.protocol import Task
from etude.training.randomness import reseed
from etude.training.step import Step

OVERFIT_STEPS = 300
LEARNED, VANISHED = 0.1, 0.001
"""Fractions of the first loss: below the first, the model has learned the batch; below the second,
further steps show nothing more."""
TIMED, LONGEST = 20, 5.0
"""Steps that are timed, and the most seconds for all of them."""
LR_STEPS = 100
LR_RANGE = (1e-6, 1.0)
SMOOTH = 0.8
"""Weight of the previous value in the exponential mean of the losses."""
DIVERGED = 4.0
"""The test stops where the smoothed loss exceeds this multiple of its minimum."""
FELL = 0.95
"""The loss counts as falling if its minimum is below this fraction of the first value."""
STEEP = 0.5
"""Fraction of the steepest slope; where the slope is at least this, the loss "falls fastest"."""
SPAN = 3
"""Steps on each side over which the slope is computed."""
GREW = 0.05
"""The loss counts as growing if it exceeds its minimum by this fraction of its total decrease."""


def dry_run(model: nn.Module, task: Task, train: Train, batch: Batch) -> Plain:
    """One step on one batch: losses and gradient norms by phase, parameters without a gradient,
    seconds. Raises NumericsError if a loss or gradient is not finite."""
    step = _copy(model, task, train, 1)
    began = time.perf_counter()
    reseed(0, "dry run")
    step(batch, 0)
    if step.bad:
        raise step.diagnose(batch, 0)
    phases = task.phases()
    # All-zero gradients count too: they are what a dead layer gives, whose graph is connected.
    untouched = [
        name
        for state in step.phase_states
        for name, parameter in state.named
        if parameter.grad is None or not parameter.grad.any()
    ]
    return {
        "losses": {p.name: float(s[0]) for p, s in zip(phases, step.sums)},
        "gradient_norms": {p.name: float(s[1]) for p, s in zip(phases, step.sums)},
        "without_gradient": sorted(untouched),
        "seconds": time.perf_counter() - began,
    }


def step_seconds(model: nn.Module, task: Task, train: Train, batch: Batch) -> float:
    """Median seconds of a training step on this batch, by TIMED steps of a copy after two others,
    or by as many as fit in LONGEST seconds."""
    step = _copy(model, task, train, TIMED + 2)
    times: list[float] = []
    for number in range(TIMED + 2):
        began = time.perf_counter()
        _loss(step, batch, number, stop_at_bad=False)
        times.append(time.perf_counter() - began)
        if len(times) > 2 and sum(times) > LONGEST:
            break
    return sorted(times[2:])[len(times[2:]) // 2]


def overfit(model: nn.Module, task: Task, train: Train, batch: Batch) -> Plain:
    """Train repeatedly on one batch at a constant learning rate; the loss should nearly vanish.

    At most OVERFIT_STEPS steps, fewer if the loss vanishes earlier. `losses`: the first phase's
    loss by step; `first`, `last` and `steps`: its first and last value and their number; `wanted`:
    LEARNED of the first. `learned`: whether the last loss is below that. If not, the model, the
    loss or the learning rate is wrong, whatever the data are.
    """
    # Weight decay and dropout work against memorising the batch, so both are off.
    train = train.model_copy(update={"schedule": "constant", "warmup": 0.0, "weight_decay": 0.0})
    step = _copy(model, task, train, OVERFIT_STEPS)
    for module in step.model.modules():
        for name in ("p", "dropout"):  # nn.Dropout calls it p, attention and LSTM call it dropout
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
        "wanted": LEARNED * losses[0],
        "learned": losses[-1] < LEARNED * losses[0],
    }


def find_lr(model: nn.Module, task: Task, train: Train, batches: Sequence[Batch]) -> Plain:
    """Learning rate range test: train while the rate rises from 1e-6 to 1, and suggest a rate.

    `rates`, `losses` and `smoothed` (an exponential mean of the losses) by step; `lowest`: the rate
    at the minimum of the smoothed loss; `suggestion`: a tenth of it; `falls_fastest`: the two rates
    between which the smoothed loss falls fastest; `grows_above`: the rate above which it grows, or
    None if it does not.

    Source: L. Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, section 3.3.
    The factor of a tenth is S. Gugger's rule: a rate with a safe distance from divergence.
    Raises UsageError if the loss never fell.
    """
    train = train.model_copy(update={"schedule": "constant", "warmup": 0.0})
    step = _copy(model, task, train, LR_STEPS)
    low, high = map(math.log, LR_RANGE)
    rates: list[float] = []
    losses: list[float] = []
    smooth: list[float] = []
    for number in range(LR_STEPS):
        # Evenly spaced logarithms: each step multiplies the rate by the same factor.
        rate = math.exp(low + (high - low) * number / (LR_STEPS - 1))
        for state in step.phase_states:
            for each in state.optimizers:
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
            text("training.sanity.rates", low=LR_RANGE[0], high=LR_RANGE[1]),
            do=text("training.sanity.rates.do"),
        )
    return {
        "rates": rates,
        "losses": losses,
        "smoothed": smooth,
        # Not the steepest point: in the first steps of small batches it is noise (once 1e-6).
        "suggestion": rates[lowest] / 10,
        "lowest": rates[lowest],
        "falls_fastest": steepest(rates, smooth, lowest),
        "grows_above": grows_above(rates, smooth, lowest),
    }


def steepest(rates: Sequence[float], losses: Sequence[float], lowest: int) -> tuple[float, float]:
    """The two rates between which the loss falls fastest.

    They enclose the steepest step and its neighbours with at least STEEP times its slope. Slopes
    are central differences over at most SPAN steps on each side.
    """
    # Only the part up to the minimum counts. Differences over several steps average out the noise
    # of single batches.
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
    """The last rate at which the loss is still close to its minimum; None if it stays close."""
    # The last such rate, not the first above the limit: a single bad batch is no divergence.
    limit = losses[lowest] + GREW * (losses[0] - losses[lowest])
    calm = max(i for i in range(len(losses)) if losses[i] <= limit)
    return None if calm == len(losses) - 1 else rates[calm]


def _copy(model: nn.Module, task: Task, train: Train, steps: int) -> Step:
    """A Step on a copy of the model, for `steps` steps."""
    return Step(copy.deepcopy(model).train(), task.phases(), train, steps)


def _loss(step: Step, batch: Batch, number: int, stop_at_bad: bool = True) -> float:
    """Make one step and return the loss of its first phase, NaN if it is not finite."""
    step.sums.zero_()
    reseed(0, "first aid", number)
    step(batch, number)
    if step.bad:
        if stop_at_bad:
            raise step.diagnose(batch, number)
        return math.nan
    return float(step.sums[0, 0])
