"""An optimizer's step: SGD, SGD with momentum, Adam; a class like torch.optim's, or a function.

A few steps on three parameters with gradients given beforehand, against the formulas of
`formulas.py`: right ones first, then those with one fault.
"""

import ast
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from etude.checking.build import READ, Sizes
from etude.checking.event_recorder import empty
from etude.checking.formulas import (
    ADAM,
    BETAS,
    MOMENTUM,
    MU,
    NEAR,
    NONE,
    RATE,
    RULES,
    SGD,
    Rule,
    T,
    difference,
    problem,
    reference,
)
from etude.checking.optimizer_trace import (
    Played,
    argument_names,
    attributes,
    by_itself,
    defaults_of,
    made,
    meanings,
    parameters,
    stepping,
    workable,
)
from etude.checking.program import Change
from etude.checking.roles import Role
from etude.checking.source import CannotJudge, Thing, line_of, lines_where, theirs
from etude.checking.subject import Subject
from etude.shapes import Tensor


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
    own = {
        k.lstrip("_"): v
        for k, v in {**defaults_of(subject.thing), **attributes(subject.it)}.items()
    }

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
    known = [{**same, "eps": eps} for eps in dict.fromkeys((*said, *usual))]
    if filled:  # what the settings have, it need not read
        known.insert(1, {**known[0], "mu": 0.9, "betas": (0.9, 0.999)})
    return known


def judge(subject: Subject) -> None:
    """The formula, right or with one fault; then zero_grad, and parameters given one by one."""
    names = argument_names(subject)
    known, rules = facts(subject, names), rules_for(subject.thing, names)
    works = list(workable(subject, problem))
    works = [played for played in works if played.moves] or works
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
    for each in (zeroed, generator, gradient_kept, gradient_missing):
        if not subject.found:
            each(subject)


def note(subject: Subject, found: Fit, played: Played) -> None:
    """What a fit says."""
    if found.fault is NONE:
        subject.hold("as_torch", found.error)
        subject.hold(f"is_{found.rule.key}")
        subject.variants += [c.name for c in (found.variant,) if c is not NONE]
        return
    found = renamed(found, played, subject)
    line = place(subject, found, played)
    evidence = (
        f"parameters after {T} steps", f"those of {found.rule.torch}",
        f"equal, to {found.error:.0e}, to its formula with this one fault",
    )  # fmt: skip
    subject.fault(found.fault.name, line, evidence)


def renamed(found: Fit, played: Played, subject: Subject) -> Fit:
    """Of faults that make the same steps, the one that the code has: a velocity that is kept and
    not used; a bias correction without any power."""
    code = found.fault.name
    if code == "momentum_not_kept":
        kept = [v for name, v in found.right if name == "m"]
        if played.trace.line_of(kept[-1]):
            return replace(found, fault=Change("momentum_unused", {"direction": lambda s: s.g}))
    if code == "step_not_counted" and not lines_where(subject.thing.it, _power):
        return replace(found, fault=Change("bias_correction_not_a_power", found.fault.steps))
    return found


def _power(node: ast.AST) -> bool:
    """Whether something is raised to a power that is not written out, or multiplied into itself."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return not isinstance(node.right, ast.Constant)
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult):
        return True
    return getattr(node, "attr", getattr(node, "id", "")) in ("pow", "power", "exp", "pow_")


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


def gradient_kept(subject: Subject) -> None:
    """Its state is its own: gradients that are written into the same tensors again do not change
    it. Fault: velocity_aliases_gradient."""
    if not subject.thing.is_class or not stepping(subject.it):
        return
    params, grads = problem()
    try:
        new, same = (by_itself(subject, params, grads, False, kept) for kept in (False, True))
    except CannotJudge:
        return
    if (far := difference(same.path, new.path)) > NEAR:
        evidence = (
            "parameters when p.grad is written anew in place",
            "the same",
            f"{far:.2g} apart",
        )
        lines = lines_where(subject.thing.it, _keeps) or [subject.line_in("step")]
        subject.fault("velocity_aliases_gradient", lines[0], evidence)


def _keeps(node: ast.AST) -> bool:
    """Whether a gradient itself is put somewhere."""
    if not isinstance(node, ast.Assign) or isinstance(node.targets[0], ast.Tuple):
        return False
    stores = any(isinstance(t, ast.Subscript | ast.Attribute) for t in node.targets)
    value = node.value.func.value if _detached(node.value) else node.value  # type: ignore[attr-defined]
    return stores and "grad" in (getattr(value, "attr", ""), getattr(value, "id", ""))


def _detached(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "detach"


def gradient_missing(subject: Subject) -> None:
    """A parameter without a gradient stands still, and only that one. Fault:
    stops_at_missing_gradient."""
    if not subject.thing.is_class or not stepping(subject.it):
        return
    for without in range(len(problem()[0])):
        params = parameters(problem()[0])
        it = made(subject, params)
        for i, p in enumerate(params):
            p.grad = None if i == without else torch.ones_like(p)
        before = [p.detach().clone() for p in params]
        try:
            with theirs(subject.thing.file, "check_crashed", shapes="step()"):
                it.step()
        except CannotJudge:  # it asks for all gradients, and says so
            return
        still = [i for i, p in enumerate(params) if torch.equal(p, before[i])]
        if set(still) - {without}:
            evidence = (f"parameters that move when number {without} has no gradient", "the others",
                        f"all but {still}")  # fmt: skip
            lines = lines_where(subject.thing.it, lambda n: isinstance(n, ast.Return | ast.Break))
            lines = [n for n in lines if n > line_of(subject.thing.it.step)]
            line = (lines or [subject.line_in("step")])[0]
            subject.fault("stops_at_missing_gradient", line, evidence)
            return


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
