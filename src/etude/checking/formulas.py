"""Optimizers as programs of named steps: SGD, momentum, Adam, their variants and their faults.

    p parameter · g gradient · m first moment or velocity · v second moment · t step, from 1

D. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization" (2015), algorithm 1; the momentum of
torch.optim.SGD (I. Sutskever et al. 2013 with another scale).
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from etude.checking.optimizer_trace import Path
from etude.checking.program import Change, Program, Steps
from etude.shapes import Tensor

T = 6
"""Steps that are played."""
RATE, MU, BETAS = 0.1, 0.8, (0.7, 0.95)
NEAR = 1e-9


def sgd(s: Steps) -> Tensor:
    """p - lr g."""
    return _moved(s, lambda s: s.g)


def momentum(s: Steps) -> Tensor:
    """m = mu m + g, p - lr m."""
    s.step("m", lambda s: s.mu * s.m + s.g)
    return _moved(s, lambda s: s.m)


def adam(s: Steps) -> Tensor:
    """Algorithm 1."""
    s.step("m", lambda s: s.b1 * s.m + (1 - s.b1) * s.g)
    s.step("v", lambda s: s.b2 * s.v + (1 - s.b2) * s.g**2)
    s.step("mean", lambda s: s.m / (1 - s.b1**s.t))
    s.step("square", lambda s: s.v / (1 - s.b2**s.t))
    s.step("root", lambda s: s.square.sqrt() + s.eps)
    return _moved(s, lambda s: s.mean / s.root)


def _moved(s: Steps, direction: Any) -> Tensor:
    s.step("direction", direction)
    s.step("update", lambda s: s.lr * s.direction)
    new: Tensor = s.step("p", lambda s: s.old - s.update)
    return new


NONE = Change("plain")
ANY = (
    Change("ascent", {"p": lambda s: s.old + s.update}),
    Change("not_in_place", {"p": lambda s: s.old}),
    Change("lr_applied_twice", {"update": lambda s: s.lr**2 * s.direction}),
)
KEPT = (
    Change("state_shared_between_parameters", {"slot": lambda s: 0}),
    Change("state_shared_between_parameters", {"slot": lambda s: tuple(s.old.shape)}),
    Change("momentum_not_kept", {"before": lambda s: (s.zero, s.zero)}),
)


@dataclass(frozen=True)
class Rule:
    """One kind of optimizer. called: by the user's names; torch: whose formula it is."""

    key: str
    torch: str
    called: str
    program: Program
    variants: tuple[Change, ...]
    faults: tuple[Change, ...]


def _power(b: str) -> Any:
    return {
        "mean": lambda s: s.m / (1 - getattr(s, b) ** s.t),
        "square": lambda s: s.v / (1 - getattr(s, b) ** s.t),
    }


SGD = Rule("sgd", "torch.optim.SGD", "sgd|gradient_?descent|^gd", sgd, (NONE,), ANY)
MOMENTUM = Rule(
    "momentum", "torch.optim.SGD(momentum)", "momentum|velocity|heavy_?ball|nesterov", momentum,
    (
        NONE,
        Change("momentum_averaged", {"m": lambda s: s.mu * s.m + (1 - s.mu) * s.g}),
        Change("nesterov", {"direction": lambda s: s.g + s.mu * s.m}),
    ),
    (
        *ANY,
        *KEPT,
        Change("velocity_stale", {"direction": lambda s: s.before[0]}),
        Change("momentum_on_gradient", {"m": lambda s: s.m + s.mu * s.g}),
        Change("momentum_on_gradient", {"m": lambda s: s.m + (1 - s.mu) * s.g}),
        Change("betas_swapped", {"m": lambda s: (1 - s.mu) * s.m + s.mu * s.g}),
        Change("betas_swapped", {"m": lambda s: (1 - s.mu) * s.m + s.g}),
        Change("momentum_never_decays", {"m": lambda s: s.m + s.g}),
        Change("momentum_unused", {"direction": lambda s: s.g}),
    ),
)  # fmt: skip
ADAM = Rule(
    "adam", "torch.optim.Adam", "adam", adam,
    (
        NONE,
        Change("epsilon_inside_root", {"root": lambda s: (s.square + s.eps).sqrt()}),
        Change("epsilon_before_correction", {
            "root": lambda s: (s.v.sqrt() + s.eps) / math.sqrt(1 - s.b2**s.t)}),
        Change("epsilon_in_uncorrected_root", {
            "root": lambda s: ((s.v + s.eps) / (1 - s.b2**s.t)).sqrt()}),
    ),
    (
        *ANY,
        *KEPT,
        Change("bias_correction_missing", {"mean": lambda s: s.m, "square": lambda s: s.v}),
        Change("bias_correction_missing", {"mean": lambda s: s.m}),
        Change("bias_correction_missing", {"square": lambda s: s.v}),
        Change("step_not_counted", {"clock": lambda s: 1}),
        Change("step_counted_late", {"clock": lambda s: s.now - 1}),
        Change("step_counted_early", {"clock": lambda s: s.now + 1}),
        Change("step_counted_per_parameter", {"clock": lambda s: (s.now - 1) * s.n + s.i + 1}),
        Change("betas_swapped", {"b1": lambda s: s.betas[1], "b2": lambda s: s.betas[0]}),
        Change("betas_swapped", {
            "m": lambda s: (1 - s.b1) * s.m + s.b1 * s.g,
            "v": lambda s: (1 - s.b2) * s.v + s.b2 * s.g**2}),
        Change("betas_swapped", {"m": lambda s: (1 - s.b1) * s.m + s.b1 * s.g}),
        Change("betas_swapped", {"v": lambda s: (1 - s.b2) * s.v + s.b2 * s.g**2}),
        Change("one_beta_for_both", {"b2": lambda s: s.betas[0]}),
        Change("one_beta_for_both", {"b1": lambda s: s.betas[1]}),
        Change("one_beta_for_both", {"v": lambda s: s.b1 * s.v + (1 - s.b1) * s.g**2}),
        Change("one_beta_for_both", {"m": lambda s: s.b2 * s.m + (1 - s.b2) * s.g}),
        Change("second_moment_not_squared", {"v": lambda s: s.b2 * s.v + (1 - s.b2) * s.g}),
        Change("second_moment_not_squared", {"v": lambda s: s.b2 * s.v + (1 - s.b2) * s.g.abs()}),
        Change("second_moment_of_mean", {"v": lambda s: s.b2 * s.v + (1 - s.b2) * s.m**2}),
        Change("root_missing", {"root": lambda s: s.square + s.eps}),
        Change("momentum_unused", {"mean": lambda s: s.g}),
        Change("moment_not_averaged", {"m": lambda s: s.b1 * s.m + s.g}),
        Change("moment_not_averaged", {"v": lambda s: s.b2 * s.v + s.g**2}),
        Change("moment_not_averaged", {
            "m": lambda s: s.b1 * s.m + s.g, "v": lambda s: s.b2 * s.v + s.g**2}),
        Change("bias_correction_one_beta", _power("b1")),
        Change("bias_correction_one_beta", _power("b2")),
        Change("bias_correction_not_a_power", {
            "mean": lambda s: s.m / (1 - s.b1), "square": lambda s: s.v / (1 - s.b2)}),
        Change("bias_correction_not_a_power", {
            "mean": lambda s: s.m / (1 - s.b1 * s.t),
            "square": lambda s: s.v / (1 - s.b2 * s.t)}),
        Change("bias_correction_kept", {
            "kept": lambda s: (s.mean, s.square)}),
        Change("epsilon_missing", {"root": lambda s: s.square.sqrt()}),
    ),
)  # fmt: skip
RULES = (SGD, MOMENTUM, ADAM)


def problem(same: bool = False) -> tuple[list[Tensor], list[list[Tensor]]]:
    """(parameters, their gradients at each step), some of them tiny: there epsilon counts. same:
    all of one shape; else two of them are."""
    torch.manual_seed(13)
    shapes = ((2, 3),) * 3 if same else ((2, 3), (4,), (2, 3))
    params = [torch.randn(shape) for shape in shapes]
    scale = [10.0 ** -torch.arange(p.numel(), dtype=p.dtype).view_as(p) for p in params]
    return params, [[torch.randn_like(p) * s for p, s in zip(params, scale)] for _ in range(T)]


CONSTANTS = {"t": lambda s: s.now, "b1": lambda s: s.betas[0], "b2": lambda s: s.betas[1]}
"""What a formula reads that is no step of it; a fault may exchange these too."""
NAMED = {"t": "clock"}


def reference(
    rule: Rule, params: Sequence[Tensor], grads: Sequence[Sequence[Tensor]],
    facts: Mapping[str, Any], *changes: Change,
) -> tuple[Path, list[tuple[str, Tensor]]]:  # fmt: skip
    """(parameters after each step, all values by name) of the formula with some steps exchanged."""
    now, path, log = [p.clone() for p in params], [], []
    state: dict[Any, tuple[Tensor, Tensor]] = {}
    for t, given in enumerate(grads, 1):
        for i, (p, g) in enumerate(zip(now, given)):
            zero = torch.zeros_like(p)
            s = Steps({**facts, "old": p, "g": g, "now": t, "n": len(now), "i": i}, *changes)
            s.__dict__["zero"] = zero
            slot = s.other("slot", lambda s: s.i)(s)
            before = s.other("before", lambda s, slot=slot: state.get(slot, (s.zero, s.zero)))(s)
            s.__dict__.update(before=before, m=before[0], v=before[1])
            for name, usual in CONSTANTS.items():
                s.__dict__[name] = s.other(NAMED.get(name, name), usual)(s)
            now[i] = rule.program(s)
            state[slot] = s.other("kept", lambda s: (s.m, s.v))(s)
            log += [(name, v) for name, v in s.log if isinstance(v, torch.Tensor)]
        path.append([p.clone() for p in now])
    return path, log


def difference(a: Path, b: Path) -> float:
    """Largest difference anywhere, of the largest move; NaN equals NaN."""
    worst = 0.0
    for x, y in zip(itertools.chain(*a), itertools.chain(*b)):
        if x.shape != y.shape or not torch.equal(x.isfinite(), y.isfinite()):
            return math.inf
        far = (x - y)[x.isfinite()].abs()
        worst = max(worst, float(far.max()) if far.numel() else 0.0)
    return worst / max(1.0, *(float(y.nan_to_num().abs().max()) for y in itertools.chain(*b)))
