"""Optimizers as programs of named steps: SGD, momentum, Adam, AdaGrad, RMSProp, their variants and
their faults.

    p parameter · g gradient · m first moment or velocity · v second moment · w a third state
    t step, from 1 · wd weight decay

D. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization" (2015), algorithm 1; I. Loshchilov,
F. Hutter, "Decoupled Weight Decay Regularization" (2019), algorithm 2; the momentum of
torch.optim.SGD (I. Sutskever et al. 2013 with another scale).
"""

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from etude.checking.optimizer_trace import Path
from etude.checking.program import Change, How, Program, Steps
from etude.shapes import Tensor

T = 6
"""Steps that are played."""
NEAR = 1e-9
EPSILONS = ("epsilon", 1e-8, 1e-7, 1e-6, 1e-10, 1e-12, 1e-5)


def sgd(s: Steps) -> Tensor:
    """p - lr g."""
    s.step("grad", lambda s: s.g)
    return _moved(s, lambda s: s.grad)


def momentum(s: Steps) -> Tensor:
    """m = mu m + g, p - lr m."""
    s.step("grad", lambda s: s.g)
    s.step("m", lambda s: s.mu * s.m + s.grad)
    return _moved(s, lambda s: s.m)


def adam(s: Steps) -> Tensor:
    """Algorithm 1."""
    s.step("grad", lambda s: s.g)
    s.step("m", lambda s: s.b1 * s.m + (1 - s.b1) * s.grad)
    s.step("v", lambda s: s.b2 * s.v + (1 - s.b2) * s.grad**2)
    s.step("mean", lambda s: s.m / (1 - s.b1**s.t))
    s.step("square", lambda s: s.v / (1 - s.b2**s.t))
    s.step("root", lambda s: s.square.sqrt() + s.eps)
    return _moved(s, lambda s: s.mean / s.root)


def adagrad(s: Steps) -> Tensor:
    """v = v + g^2, p - lr g / sqrt(v)."""
    s.step("grad", lambda s: s.g)
    s.step("v", lambda s: s.v + s.grad**2)
    s.step("root", lambda s: s.v.sqrt() + s.eps)
    return _moved(s, lambda s: s.grad / s.root)


def rmsprop(s: Steps) -> Tensor:
    """v = rho v + (1 - rho) g^2, p - lr g / sqrt(v), with a velocity of these steps."""
    s.step("grad", lambda s: s.g)
    s.step("v", lambda s: s.rho * s.v + (1 - s.rho) * s.grad**2)
    s.step("square", lambda s: s.v)
    s.step("root", lambda s: s.square.sqrt() + s.eps)
    s.step("m", lambda s: s.mu * s.m + s.grad / s.root)
    return _moved(s, lambda s: s.m)


def _moved(s: Steps, direction: How) -> Tensor:
    s.step("direction", direction)
    s.step("update", lambda s: s.lr * s.direction)
    s.step("shrunk", lambda s: s.old)
    new: Tensor = s.step("p", lambda s: s.shrunk - s.update)
    return new


NONE = Change("plain")
ANY = (
    Change("ascent", {"p": lambda s: s.shrunk + s.update}),
    Change("not_in_place", {"p": lambda s: s.old}),
    Change("lr_applied_twice", {"update": lambda s: s.lr**2 * s.direction}),
)


def begun(s: Steps) -> tuple[Tensor, Tensor, Tensor]:
    """The state before the first step."""
    return s.zero, s.zero, s.zero


KEPT = (
    Change("state_shared_between_parameters", {"slot": lambda s: 0}),
    Change("state_shared_between_parameters", {"slot": lambda s: tuple(s.old.shape)}),
    Change("momentum_not_kept", {"before": begun}),
    Change("momentum_not_kept", {"before": begun, "clock": lambda s: 1}),
)
COUPLED = Change("decay_coupled", {"grad": lambda s: s.g + s.wd * s.old})
DECAYS = (
    COUPLED,
    Change("decay_decoupled", {"shrunk": lambda s: s.old * (1 - s.lr * s.wd)}),
    Change("decay_without_rate", {"shrunk": lambda s: s.old * (1 - s.wd)}),
    Change("decay_after_step", {"p": lambda s: (s.old - s.update) * (1 - s.lr * s.wd)}),
    Change("decay_coupled", {"grad": lambda s: s.g + 2 * s.wd * s.old}),
)
"""Ways in which weights decay. The first is torch's of SGD and Adam, the second that of AdamW."""
DECAY_FAULTS = (
    Change("decay_sign", {"grad": lambda s: s.g - s.wd * s.old}),
    Change("decay_sign", {"shrunk": lambda s: s.old * (1 + s.lr * s.wd)}),
    Change("decay_unused", {"shrunk": lambda s: s.old}),
)


@dataclass(frozen=True)
class Rule:
    """One kind of optimizer. called: by the user's names; torch: whose formula it is; reads: what
    it is played with, each by the meanings that its value may have and by usual values."""

    key: str
    torch: str
    called: str
    program: Program
    reads: Mapping[str, tuple[str | float, ...]]
    variants: tuple[Change, ...]
    faults: tuple[Change, ...]


def _power(b: str) -> Mapping[str, How]:
    return {
        "mean": lambda s: s.m / (1 - getattr(s, b) ** s.t),
        "square": lambda s: s.v / (1 - getattr(s, b) ** s.t),
    }


def _largest(s: Steps) -> Tensor:
    s.__dict__["w"] = torch.maximum(s.w, s.v)
    made: Tensor = s.w / (1 - s.b2**s.t)
    return made


def _centered(s: Steps) -> Tensor:
    s.__dict__["w"] = s.rho * s.w + (1 - s.rho) * s.grad
    made: Tensor = s.v - s.w**2
    return made


INSIDE = Change("epsilon_inside_root", {"root": lambda s: (s.square + s.eps).sqrt()})
SGD = Rule("sgd", "torch.optim.SGD", "sgd|gradient_?descent|^gd", sgd, {}, (NONE,), ANY)
MOMENTUM = Rule(
    "momentum", "torch.optim.SGD(momentum)", "momentum|velocity|heavy_?ball|nesterov", momentum,
    {"mu": ("momentum", "beta1", "smooth", 0.9), "dampening": ("dampening",)},
    (
        NONE,
        Change("momentum_averaged", {"m": lambda s: s.mu * s.m + (1 - s.mu) * s.grad}),
        Change("momentum_averaged", {
            "m": lambda s: s.mu * s.m + (1 - s.mu) * s.grad,
            "direction": lambda s: s.m / (1 - s.mu**s.t)}),
        Change("nesterov", {"direction": lambda s: s.grad + s.mu * s.m}),
        Change("momentum_dampened", {
            "m": lambda s: s.mu * s.m + (1 - s.dampening * (s.t > 1)) * s.grad}),
        Change("momentum_dampened", {"m": lambda s: s.mu * s.m + (1 - s.dampening) * s.grad}),
        Change("nesterov", {
            "m": lambda s: s.mu * s.m + (1 - s.mu) * s.grad,
            "direction": lambda s: (1 - s.mu) * s.grad + s.mu * s.m}),
    ),
    (
        *ANY,
        *KEPT,
        Change("velocity_stale", {"direction": lambda s: s.before[0]}),
        Change("momentum_on_gradient", {"m": lambda s: s.m + s.mu * s.grad}),
        Change("momentum_on_gradient", {"m": lambda s: s.m + (1 - s.mu) * s.grad}),
        Change("betas_swapped", {"m": lambda s: (1 - s.mu) * s.m + s.mu * s.grad}),
        Change("betas_swapped", {"m": lambda s: (1 - s.mu) * s.m + s.grad}),
        Change("momentum_never_decays", {"m": lambda s: s.m + s.grad}),
        Change("momentum_unused", {"direction": lambda s: s.grad}),
    ),
)  # fmt: skip
ADAM = Rule(
    "adam", "torch.optim.Adam", "adam|amsgrad", adam,
    {"b1": ("beta1", "momentum", 0.9), "b2": ("beta2", "smooth", 0.999), "eps": EPSILONS},
    (
        NONE,
        INSIDE,
        Change("epsilon_before_correction", {
            "root": lambda s: (s.v.sqrt() + s.eps) / math.sqrt(1 - s.b2**s.t)}),
        Change("epsilon_in_uncorrected_root", {
            "root": lambda s: ((s.v + s.eps) / (1 - s.b2**s.t)).sqrt()}),
        Change("amsgrad", {"square": _largest}),
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
        Change("betas_swapped", {"b1": lambda s: s.b2, "b2": lambda s: s.b1}),
        Change("betas_swapped", {
            "m": lambda s: (1 - s.b1) * s.m + s.b1 * s.grad,
            "v": lambda s: (1 - s.b2) * s.v + s.b2 * s.grad**2}),
        Change("betas_swapped", {"m": lambda s: (1 - s.b1) * s.m + s.b1 * s.grad}),
        Change("betas_swapped", {"v": lambda s: (1 - s.b2) * s.v + s.b2 * s.grad**2}),
        Change("one_beta_for_both", {"b2": lambda s: s.b1}),
        Change("one_beta_for_both", {"b1": lambda s: s.b2}),
        Change("one_beta_for_both", {"v": lambda s: s.b1 * s.v + (1 - s.b1) * s.grad**2}),
        Change("one_beta_for_both", {"m": lambda s: s.b2 * s.m + (1 - s.b2) * s.grad}),
        Change("second_moment_not_squared", {"v": lambda s: s.b2 * s.v + (1 - s.b2) * s.grad}),
        Change("second_moment_not_squared", {
            "v": lambda s: s.b2 * s.v + (1 - s.b2) * s.grad.abs()}),
        Change("second_moment_of_mean", {"v": lambda s: s.b2 * s.v + (1 - s.b2) * s.m**2}),
        Change("root_missing", {"root": lambda s: s.square + s.eps}),
        Change("momentum_unused", {"mean": lambda s: s.grad}),
        Change("moment_not_averaged", {"m": lambda s: s.b1 * s.m + s.grad}),
        Change("moment_not_averaged", {"v": lambda s: s.b2 * s.v + s.grad**2}),
        Change("moment_not_averaged", {
            "m": lambda s: s.b1 * s.m + s.grad, "v": lambda s: s.b2 * s.v + s.grad**2}),
        Change("bias_correction_one_beta", _power("b1")),
        Change("bias_correction_one_beta", _power("b2")),
        Change("bias_correction_not_a_power", {
            "mean": lambda s: s.m / (1 - s.b1), "square": lambda s: s.v / (1 - s.b2)}),
        Change("bias_correction_not_a_power", {
            "mean": lambda s: s.m / (1 - s.b1 * s.t),
            "square": lambda s: s.v / (1 - s.b2 * s.t)}),
        Change("bias_correction_kept", {
            "kept": lambda s: (s.mean, s.square, s.w)}),
        Change("epsilon_missing", {"root": lambda s: s.square.sqrt()}),
    ),
)  # fmt: skip
SQUARES = (
    *ANY,
    *KEPT,
    Change("root_missing", {"root": lambda s: s.v + s.eps}),
    Change("epsilon_missing", {"root": lambda s: s.v.sqrt()}),
)
ADAGRAD = Rule(
    "adagrad", "torch.optim.Adagrad", "ada_?grad", adagrad, {"eps": EPSILONS},
    (NONE, Change("epsilon_inside_root", {"root": lambda s: (s.v + s.eps).sqrt()})),
    (*SQUARES, Change("second_moment_not_squared", {"v": lambda s: s.v + s.grad})),
)  # fmt: skip
RMSPROP = Rule(
    "rmsprop", "torch.optim.RMSprop", "rms_?prop", rmsprop,
    {"rho": ("smooth", "beta2", "momentum", "beta1", 0.9, 0.99), "eps": EPSILONS,
     "mu": (0.0, "momentum")},
    (
        NONE,
        INSIDE,
        Change("centered", {"square": _centered}),
        Change("centered", {"square": _centered, **INSIDE.steps}),
    ),
    (
        *SQUARES,
        Change("betas_swapped", {"v": lambda s: (1 - s.rho) * s.v + s.rho * s.grad**2}),
        Change("moment_not_averaged", {"v": lambda s: s.rho * s.v + s.grad**2}),
        Change("second_moment_not_squared", {"v": lambda s: s.rho * s.v + (1 - s.rho) * s.grad}),
    ),
)  # fmt: skip
RULES = (SGD, MOMENTUM, ADAM, ADAGRAD, RMSPROP)
OTHERS = re.compile(
    r"adamax|(?-i:\b|_)[nr]adam|(?-i:[NR]Adam|Nadam|Radam)|adabelief|adamp|adadelta|ada_?bound|adafactor|lion|lamb(?!da)|lars|muon|rprop\b|"
    r"lbfgs|asgd|yogi|sophia|shampoo|ftrl|sparse_?adam|look_?ahead|adan|schedule",
    re.IGNORECASE,
)
"""Names of optimizers that have no reference here, though another's name may be part of theirs."""


def problem(same: bool = False) -> tuple[list[Tensor], list[list[Tensor]]]:
    """(parameters, their gradients at each step), some of them tiny: there epsilon counts; later
    ones small: there a maximum counts. same: all of one shape; else two of them are."""
    torch.manual_seed(13)
    shapes = ((2, 3),) * 4 if same else ((2, 3), (4,), (2, 3), (3,))
    params = [torch.randn(shape) for shape in shapes]
    scale = [10.0 ** -torch.arange(p.numel(), dtype=p.dtype).view_as(p) for p in params]
    return params, [
        [torch.randn_like(p) * s * (1e-3 if t == T - 2 else 1) for p, s in zip(params, scale)]
        for t in range(T)
    ]


def reference(
    rule: Rule, params: Sequence[Tensor], grads: Sequence[Sequence[Tensor]],
    facts: Mapping[str, Any], *changes: Change, like: Path | None = None,
) -> tuple[Path, list[tuple[str, Tensor]]]:  # fmt: skip
    """(parameters after each step, all values by name) of the formula with some steps exchanged.
    like: a path; after the first step that is another, no further one is made."""
    now, path, log = list(params), [], []
    state: dict[Any, tuple[Tensor, ...]] = {}
    for t, given in enumerate(grads, 1):
        for i, (p, g) in enumerate(zip(now, given)):
            s = Steps({**facts, "old": p, "g": g, "now": t, "n": len(now), "i": i}, *changes)
            s.__dict__["zero"] = torch.zeros_like(p)
            slot = s.other("slot", lambda s: s.i)(s)
            before = s.other("before", lambda s, slot=slot: state.get(slot, begun(s)))(s)
            s.__dict__.update(before=before, m=before[0], v=before[1], w=before[2])
            betas = {name: s.other(name, lambda s: None)(s) for name in ("b1", "b2")}
            s.__dict__.update({name: value for name, value in betas.items() if value})
            s.__dict__["t"] = s.other("clock", lambda s: s.now)(s)
            now[i] = rule.program(s)
            state[slot] = s.other("kept", lambda s: (s.m, s.v, s.w))(s)
            log += [(name, v) for name, v in s.log if isinstance(v, torch.Tensor)]
        path.append(list(now))
        if like and difference(path[-1:], like[t - 1 : t]) > NEAR:
            break
    return path, log


def difference(a: Path, b: Path) -> float:
    """Largest difference anywhere, of the largest number; NaN equals NaN."""
    worst = 0.0
    for x, y in zip(itertools.chain(*a), itertools.chain(*b)):
        if x.shape != y.shape or not torch.equal(x.isfinite(), y.isfinite()):
            return math.inf
        far = (x - y)[x.isfinite()].abs()
        worst = max(worst, float(far.max()) if far.numel() else 0.0)
    return worst / max(1.0, *(float(y.nan_to_num().abs().max()) for y in itertools.chain(*b)))
