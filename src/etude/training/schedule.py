"""The learning rate as a function of the step. No state, so nothing to save."""

from math import cos, pi

from etude.recipe import Schedule

FLOOR = 1e-3
"""Where cosine and one-cycle end, as a share of the highest rate."""


def factor(kind: Schedule, step: int, total: int, warmup: float) -> float:
    """The share of the highest rate at `step` of 0..total-1.

    constant: 1 after the warm-up. cosine: from 1 down to the floor (I. Loshchilov, F. Hutter,
    "SGDR", 2017, equation 5). Both warm up linearly over the share `warmup` of all steps.
    onecycle: up along a cosine from 1/25 over the share `warmup`, then down along one (L. Smith,
    N. Topin, "Super-Convergence", 2018), as torch's OneCycleLR
    with final_div_factor=40 and without its momentum cycle.
    """
    rise = warmup * total
    if kind == "onecycle":
        peak = max(rise - 1, 0)
        if step <= peak and peak > 0:
            return between(1 / 25, 1.0, step / peak)
        return between(1.0, FLOOR, (step - peak) / max(total - 1 - peak, 1))
    if step < rise:
        return (step + 1) / (rise + 1)
    if kind == "constant":
        return 1.0
    return between(1.0, FLOOR, (step - rise) / max(total - 1 - rise, 1))


def between(start: float, end: float, share: float) -> float:
    """From start to end along half a cosine."""
    return end + (start - end) * (1 + cos(pi * share)) / 2
