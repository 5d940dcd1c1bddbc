"""An optimizer's step: SGD, SGD with momentum, Adam; a class like torch.optim's, or a function.

    p parameter · g gradient · m first moment or velocity · v second moment · t step, from 1

A few steps on two parameters with gradients given beforehand, against a program of the formula.
D. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization" (2015), algorithm 1; the momentum of
torch.optim.SGD (I. Sutskever et al. 2013 with another scale).
"""

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from etude.check.build import READ, Sizes
from etude.check.program import Change, Program, Steps
from etude.check.roles import Role
from etude.check.source import CannotJudge, Thing, line_of, theirs
from etude.check.stepping import (
    Path, Played, argument_names, attributes, defaults_of, made, meanings, parameters, stepping, workable,
)
from etude.check.subject import Subject
from etude.check.watch import empty
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
    Change("lr_ignored", {"update": lambda s: s.direction}),
    Change("lr_applied_twice", {"update": lambda s: s.lr**2 * s.direction}),
    Change("lr_divided", {"update": lambda s: s.direction / s.lr}),
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
        Change("momentum_sign", {"m": lambda s: s.mu * s.m - s.g}),
        Change("momentum_sign", {"m": lambda s: s.g - s.mu * s.m}),
        Change("momentum_twice", {"direction": lambda s: s.mu * s.m}),
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
        Change("second_moment_not_squared", {"v": lambda s: s.b2 * s.v + (1 - s.b2) * s.g}),
        Change("second_moment_not_squared", {"v": lambda s: s.b2 * s.v + (1 - s.b2) * s.g.abs()}),
        Change("second_moment_of_mean", {"v": lambda s: s.b2 * s.v + (1 - s.b2) * s.m**2}),
        Change("root_missing", {"root": lambda s: s.square + s.eps}),
        Change("momentum_unused", {"mean": lambda s: s.g}),
        Change("first_moment_squared", {"m": lambda s: s.b1 * s.m + (1 - s.b1) * s.g**2}),
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
        Change("bias_correction_multiplied", {
            "mean": lambda s: s.m * (1 - s.b1**s.t), "square": lambda s: s.v * (1 - s.b2**s.t)}),
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


def reference(
    rule: Rule, params: Sequence[Tensor], grads: Sequence[Sequence[Tensor]],
    facts: Mapping[str, Any], *changes: Change,
) -> tuple[Path, list[tuple[str, Tensor]]]:  # fmt: skip
    """(parameters after each step, all values by name) of the formula with some steps exchanged."""
    now, path, log = [p.clone() for p in params], [], []
    state: dict[Any, tuple[Tensor, Tensor]] = {}
    for t, given in enumerate(grads, 1):
        for i, (p, g) in enumerate(zip(now, given)):
            s = Steps({**facts, "old": p, "g": g, "now": t, "n": len(now), "i": i}, *changes)
            s.zero = torch.zeros_like(p)
            slot = s.other("slot", lambda s: s.i)(s)
            s.kept = state.get(slot, (s.zero, s.zero))
            s.before = s.other("before", lambda s: s.kept)(s)
            s.m, s.v = s.before
            s.t = s.other("clock", lambda s: s.now)(s)
            s.b1 = s.other("b1", lambda s: s.betas[0])(s)
            s.b2 = s.other("b2", lambda s: s.betas[1])(s)
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


@dataclass(frozen=True)
class Fit:
    """A formula that the user's steps equal."""

    rule: Rule
    variant: Change
    fault: Change
    error: float
    log: list[tuple[str, Tensor]]
    """All values of it, by name."""
    right: list[tuple[str, Tensor]]
    """Those without its fault."""


def fit(
    played: Played, rules: Sequence[Rule], known: Sequence[Mapping[str, Any]], wrong: bool
) -> Fit | None:
    """The first formula that fits. wrong: among those with one fault, else among right ones."""
    params, grads = problem(played.same)
    for rule, facts in itertools.product(rules, known):
        for variant, fault in itertools.product(rule.variants, rule.faults if wrong else (NONE,)):
            if set(variant.steps) & set(fault.steps):
                continue
            try:
                expected, log = reference(rule, params, grads, facts, variant, fault)
            except (RuntimeError, ZeroDivisionError):  # shared between unlike shapes; t of 0
                continue
            error = difference(played.path, expected)
            if error < NEAR:
                right = reference(rule, params, grads, facts, variant)[1]
                return Fit(rule, variant, fault, error, log, right)
    return None


def rules_for(thing: Thing, names: Sequence[str]) -> Sequence[Rule]:
    """Formulas that its name and its parameters' may mean: one or two; all if they say nothing."""
    given = {m for name in names for m in ("momentum", "beta2", "betas") if READ[m].fullmatch(name)}
    if re.search(ADAM.called, thing.name, re.IGNORECASE) or given & {"beta2", "betas"}:
        return (ADAM,)
    if re.search(MOMENTUM.called, thing.name, re.IGNORECASE) or "momentum" in given:
        return (MOMENTUM,)
    if re.search(SGD.called, thing.name, re.IGNORECASE):
        return (SGD, MOMENTUM)
    return RULES


def facts(subject: Subject, names: Sequence[str]) -> list[dict[str, Any]]:
    """What the formulas are played with: as given where the signature takes it, else as the
    object or a default says, else as usual."""
    own = {k.lstrip("_"): v for k, v in {**defaults_of(subject.thing), **attributes(subject.it)}.items()}

    filled = not subject.thing.is_class and "settings" in meanings(names).values()

    def value(meaning: str, given: Any, usual: Any) -> Any:
        if filled or any(READ[meaning].fullmatch(name) for name in names):
            return given
        return next((v for k, v in own.items() if READ[meaning].fullmatch(k)), usual)

    betas = value("betas", BETAS, None) or (
        value("beta1", BETAS[0], 0.9), value("beta2", BETAS[1], 0.999)
    )  # fmt: skip
    same = {"lr": value("rate", RATE, 0.01), "mu": value("momentum", MU, 0.9), "betas": betas}
    said = [v for k, v in own.items() if READ["epsilon"].fullmatch(k) and isinstance(v, float)]
    usual = (1e-8, 1e-7, 1e-6, 1e-10, 1e-12, 1e-5)
    return [{**same, "eps": eps} for eps in dict.fromkeys((*said, *usual))]


def judge(subject: Subject) -> None:
    """The formula, right or with one fault; then zero_grad, and parameters given one by one."""
    names = argument_names(subject)
    known, rules = facts(subject, names), rules_for(subject.thing, names)
    works = sorted(workable(subject, problem), key=lambda played: not played.moves)
    for wrong, some in ((False, known), (True, known[:2])):
        for played in works:
            if found := fit(played, rules, some, wrong):
                note(subject, found, played)
                break
        else:
            continue
        break
    else:
        if rules is RULES:
            raise CannotJudge("check_optimizer_unknown")
        differs(subject, rules[0], known[0], works[0])
    if not subject.found:
        zeroed(subject)
        generator(subject)


def note(subject: Subject, found: Fit, played: Played) -> None:
    """What a fit says."""
    if found.fault is NONE:
        subject.hold("as_torch", found.error)
        subject.hold(f"is_{found.rule.key}")
        subject.variants += [c.name for c in (found.variant,) if c is not NONE]
        return
    line = place(subject, found, played)
    evidence = (
        f"parameters after {T} steps", f"those of {found.rule.torch}",
        f"equal, to {found.error:.0e}, to its formula with this one fault",
    )  # fmt: skip
    subject.fault(found.fault.name, line, evidence)


SEEN_IN = {"clock": "mean", "b1": "m", "b2": "v", "before": "m", "slot": "m", "kept": "mean"}
"""The step whose values show what is not a step itself."""


def place(subject: Subject, found: Fit, played: Played) -> int:
    """The line at which the faulty step's values come out, or those that it should have made."""
    names = {SEEN_IN.get(name, name) for name in found.fault.steps}
    for log in (found.log, found.right):
        for name, value in reversed(log):
            if name in names and value.isfinite().all() and (line := played.trace.line_of(value)):
                return line
    return subject.line_in("step") or subject.thing.line


def differs(subject: Subject, rule: Rule, known: Mapping[str, Any], played: Played) -> None:
    """It is neither right nor wrong in a known way. Fault: update_differs."""
    expected, _ = reference(rule, *problem(played.same), known)
    step = next(t for t in range(1, T + 1) if difference(played.path[:t], expected[:t]) > NEAR)
    far = difference(played.path, expected)
    evidence = (f"parameters after step {step}", f"those of {rule.torch}", f"{far:.2g} apart")
    line = subject.line_in("step") or subject.thing.line
    subject.fault("update_differs", line, evidence, torch=rule.torch, step=step)


def zeroed(subject: Subject) -> None:
    """After zero_grad no gradient is left. Fault: gradient_not_cleared."""
    if not hasattr(subject.thing.it, "zero_grad"):
        return
    params = parameters(problem()[0])
    it = made(subject, params)
    for p in params:
        p.grad = torch.ones_like(p)
    with theirs(subject.thing.file, "check_crashed", shapes="zero_grad()"):
        it.zero_grad()
    if not empty(params):
        evidence = ("gradients after zero_grad()", "None or 0", "what they were")
        subject.fault("gradient_not_cleared", line_of(subject.thing.it.zero_grad), evidence)


def generator(subject: Subject) -> None:
    """It also takes model.parameters(), which can be gone through once only. Fault:
    parameters_run_out."""
    if not subject.thing.is_class or not stepping(subject.it):
        return
    params = parameters(problem()[0])
    try:
        it = made(subject, (p for p in params))
    except CannotJudge:
        return
    for _ in range(2):
        before = [p.detach().clone() for p in params]
        for p in params:
            p.grad = torch.ones_like(p)
        with theirs(subject.thing.file, "check_crashed", shapes="step()"):
            it.step()
    if all(torch.equal(a, b) for a, b in zip(before, params)):
        evidence = ("the second step() when made with model.parameters()", "moves them", "does not")
        subject.fault("parameters_run_out", line_of(subject.thing.it.__init__), evidence)


ROLE = Role(
    called=r"\w*(sgd|adam|momentum|optimi[sz]er)\w*|\w*gradient_?descent\w*|(optim_?)?(step|update)(_params|_parameters|_weights)?",
    sizes=Sizes(
        {
            "parameters": parameters([torch.zeros(2)]), "rate": RATE, "momentum": MU,
            "beta1": BETAS[0], "beta2": BETAS[1], "betas": BETAS, "epsilon": 1e-8,
        },
        ("parameters", "rate"),
    ),
    judge=judge,
    kinds=("class", "function"),
)  # fmt: skip
