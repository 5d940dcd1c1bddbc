"""The learning rate as a function of the step. No state, so nothing to save."""

from collections.abc import Callable, Iterable
from math import cos, pi

from etude.recipe import Schedule, Train
from etude.tasks.protocol import Phase

FLOOR = 1e-3
"""Where cosine and one-cycle end, as a fraction of the maximum learning rate: 1/25, where one-cycle
starts, divided by its final_div_factor of 40."""


def factor(kind: Schedule, step: int, total: int, warmup: float) -> float:
    """The learning rate at `step` of 0..total-1, as a fraction of its maximum.

    constant: 1 after the warm-up. cosine: from 1 down to FLOOR (I. Loshchilov, F. Hutter, "SGDR",
    2017, equation 5). Both warm up linearly over the fraction `warmup` of the training steps.
    onecycle: up along a cosine from 1/25 over that fraction, then down along another to FLOOR
    (L. Smith, N. Topin, "Super-Convergence", 2018), as torch's OneCycleLR with final_div_factor=40
    and cycle_momentum=False.
    """
    rise = warmup * total
    if kind == "onecycle":
        # OneCycleLR places the maximum at step rise - 1, counted from 0, and so do we.
        peak = max(rise - 1, 0)
        if step <= peak and peak > 0:
            return between(1 / 25, 1.0, step / peak)
        # The last step is total - 1, so it ends exactly at FLOOR; max() avoids 0/0 in short runs.
        return between(1.0, FLOOR, (step - peak) / max(total - 1 - peak, 1))
    if step < rise:
        # The +1 keeps the first step from having rate 0, which would waste it.
        return (step + 1) / (rise + 1)
    if kind == "constant":
        return 1.0
    return between(1.0, FLOOR, (step - rise) / max(total - 1 - rise, 1))


def rates(train: Train, phases: Iterable[Phase], batches: int) -> Callable[[int], dict[str, float]]:
    """The learning rate of each phase, by its name, in the last of so many updates (1..total).

    batches: the updates of an epoch.
    """
    factors = {phase.name: phase.optimizer.get("lr_factor", 1.0) for phase in phases}

    def of(updates: int) -> dict[str, float]:
        total = train.epochs * batches
        rate = train.lr * factor(train.schedule, updates - 1, total, train.warmup)
        return {name: rate * each for name, each in factors.items()}

    return of


def between(start: float, end: float, share: float) -> float:
    """The value at the fraction `share` of a half cosine wave from start to end."""
    return end + (start - end) * (1 + cos(pi * share)) / 2
