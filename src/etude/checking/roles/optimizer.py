"""An optimizer's step: SGD, momentum, Adam, AdaGrad, RMSProp; a class or a function.

A few steps on four parameters with gradients given beforehand, against the formulas of
`formulas.py`: right ones first, then those with one fault or two. Then once more with each switch
(weight decay, momentum, Nesterov, ...) that its signature has.
"""

import ast
import inspect
import linecache
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from etude.checking import docstrings
from etude.checking.build import Sizes, needed
from etude.checking.event_recorder import empty
from etude.checking.formulas import ADAM, COUPLED, MOMENTUM, NEAR, NONE, T, difference, problem
from etude.checking.optimizer_facts import meanings
from etude.checking.optimizer_search import Fit, settled, signature
from etude.checking.optimizer_trace import Form, make, method_of, play
from etude.checking.program import Change
from etude.checking.roles import Role
from etude.checking.source import CannotJudge, Thing, line_of, lines_where, theirs
from etude.checking.subject import Subject


def judge(subject: Subject) -> None:
    """The formula, right or with known faults; then with each switch; then zero_grad, and
    parameters given one by one."""
    if not (subject.thing.is_class or inspect.isfunction(subject.thing.it)):
        it = type(subject.thing.it)
        subject.thing = replace(subject.thing, it=it, name=it.__name__, line=line_of(it))
    found = settled(subject, {})
    note(subject, found)
    if not subject.found:
        for parameter, options in switches(subject.thing):
            switched(subject, found.played.form, parameter, options)
            if subject.found:
                return
    if found.played.form.kind == "tensor" and subject.thing.is_class and alone(subject.thing):
        for each in (zeroed, generator, gradient_kept, gradient_missing):
            if not subject.found:
                each(subject, found.played.form)


def alone(thing: Thing) -> bool:
    """Whether it steps by itself, on the parameters that it was made with."""
    return not [name for name in needed(method_of(thing.it)) if name != "self"]


OFF = (0, 0.0, None, False)
ON = {"momentum": 0.8, "decay": 0.05, "dampening": 0.3}
FLAGS = ("nesterov", "amsgrad", "centered")


def switches(thing: Thing) -> Iterator[tuple[str, dict[str, Any]]]:
    """Parameters that are off by default, and what turns each on."""
    said = signature(thing)
    found = meanings(list(said))
    moving = {n: ON[m] for n, m in found.items() if m == "momentum" and said[n] in OFF}
    for name, default in said.items():
        meaning = found.get(name, "")
        if meaning in ON and default in OFF:
            more = moving if meaning == "dampening" else {}
            yield name, {**more, name: ON[meaning]}
        elif name in FLAGS and default is False:
            yield name, {**(moving if name == "nesterov" else {}), name: True}


def switched(subject: Subject, form: Form, parameter: str, options: Mapping[str, Any]) -> None:
    """The same with one more turned on."""
    try:
        found = settled(subject, options, form)
    except CannotJudge as error:
        if error.code in ("check_crashed", "check_construct", "check_ask"):
            return  # it says itself that it cannot be had
        raise CannotJudge(
            "check_optimizer_switch", parameter=parameter, value=options[parameter]
        ) from None
    note(subject, found)


def note(subject: Subject, found: Fit) -> None:
    """What a fit says."""
    text = docstrings.words(subject.thing)
    source = "".join(linecache.getlines(subject.thing.file))
    missing = [f for f in found.faults if f.name == "bias_correction_missing"]
    if missing and re.search(r"(no|without|skip\w*|omit\w*) (the )?bias[- _]?corr", source + text):
        found = replace(found, changes=(Change("no_bias_correction"),), faults=())
    if COUPLED in found.changes and found.rule is ADAM and decoupled(subject.thing, text):
        found = replace(found, faults=(Change("decay_not_decoupled", COUPLED.steps),))
    if not found.faults:
        if found.played.form.kind == "frozen" and not subject.held:
            subject.variants.append("no_grad_by_caller")
        if not subject.held:
            subject.hold("as_torch", found.error)
            subject.hold(f"is_{found.rule.key}")
        subject.variants += [
            c.name for c in found.changes if c is not NONE and c.name not in subject.variants
        ]
        return
    lines = [(place(subject, found, fault), fault) for fault in found.faults]
    for line, fault in sorted(lines, key=lambda each: each[0]):
        more = "this one fault" if len(lines) == 1 else "these faults"
        evidence = (
            f"parameters after {T} steps", f"those of {found.rule.torch}",
            f"equal, to {found.error:.0e}, to its formula with {more}",
        )  # fmt: skip
        subject.fault(named(found, fault, subject.thing), line, evidence)


def decoupled(thing: Thing, text: str) -> bool:
    """Whether it says that its decay is decoupled."""
    return re.search(r"adam_?w", thing.name, re.IGNORECASE) is not None or docstrings.mentions(
        text, r"\bdecoupled\b"
    )


def named(found: Fit, fault: Change, thing: Thing) -> str:
    """Of faults that make the same steps, the one that the code has: a velocity that is kept and
    not used; a bias correction without any power."""
    if fault.name == "momentum_not_kept" and found.rule is MOMENTUM:
        kept = [value for name, value in found.log() if name == "m"]
        if found.played.trace.line_of(kept[-1]):
            return "momentum_unused"
    if fault.name == "step_not_counted" and not lines_where(thing.it, _power):
        return "bias_correction_not_a_power"
    return fault.name


def _power(node: ast.AST) -> bool:
    """Whether something is raised to a power that is not written out, or multiplied into itself."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return not isinstance(node.right, ast.Constant)
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult):
        return True
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    return name in ("pow", "power", "exp", "pow_") and not all(
        isinstance(each, ast.Constant) for each in node.args[-1:]
    )


SEEN_IN = {"clock": "mean", "b1": "m", "b2": "v", "before": "m", "slot": "m", "kept": "mean"}
"""The step whose values show what is not a step itself."""


def place(subject: Subject, found: Fit, fault: Change) -> int:
    """The line at which the faulty step's values come out, or those that it should have made."""
    names = {SEEN_IN.get(name, name) for name in fault.steps}
    names |= {"update"} if fault.name == "not_in_place" else set()
    for faults in (found.faults, ()):
        for name, value in reversed(found.log(*faults)):
            finite = name in names and bool(value.isfinite().all())
            if finite and (line := found.played.trace.line_of(value)):
                return line
    return step_line(subject.thing)


def step_line(thing: Thing) -> int:
    """The line at which its step begins."""
    return line_of(method_of(thing.it)) if thing.is_class else thing.line


def anew(subject: Subject, form: Form) -> tuple[Any, list[nn.Parameter]]:
    """Another one of the class, on parameters of its own."""
    params = [nn.Parameter(p.clone()) for p in problem(form.same)[0]]
    held = nn.ParameterList(params) if form.held == "module" else params
    return make(subject.thing, held, {}, {}), params


def stepped(subject: Subject, it: Any) -> None:
    """One step."""
    with theirs(subject.thing.file, "check_crashed", shapes="step()"):
        method_of(it)()


def zeroed(subject: Subject, form: Form) -> None:
    """After zero_grad no gradient is left. Fault: gradient_not_cleared."""
    if not hasattr(subject.thing.it, "zero_grad"):
        return
    it, params = anew(subject, form)
    for p in params:
        p.grad = torch.ones_like(p)
    try:
        with theirs(subject.thing.file, "check_crashed", shapes="zero_grad()"):
            it.zero_grad()
    except CannotJudge:  # of other objects than tensors
        return
    if not empty(params):
        evidence = ("gradients after zero_grad()", "None or 0", "what they were")
        subject.fault("gradient_not_cleared", line_of(subject.thing.it.zero_grad), evidence)


def generator(subject: Subject, form: Form) -> None:
    """Where its file hands it model.parameters(), which can be gone through once only, it keeps
    them. Fault: parameters_run_out."""
    text = "".join(linecache.getlines(subject.thing.file))
    if not re.search(rf"\b{subject.thing.name}\([^)\n]*\.parameters\(\)", text):
        return
    params = [nn.Parameter(p.clone()) for p in problem(form.same)[0]]
    try:
        it = make(subject.thing, (p for p in params), {}, {})
    except CannotJudge:
        return
    for _ in range(2):
        before = [p.detach().clone() for p in params]
        for p in params:
            p.grad = torch.ones_like(p)
        stepped(subject, it)
    if all(torch.equal(a, b) for a, b in zip(before, params)):
        evidence = ("the second step() when made with model.parameters()", "moves them", "does not")
        subject.fault("parameters_run_out", line_of(subject.thing.it.__init__), evidence)


def gradient_kept(subject: Subject, form: Form) -> None:
    """Its state is its own: gradients that are written into the same tensors again do not change
    it. Fault: velocity_aliases_gradient."""
    try:
        new, same = (play(subject, form, problem, {}, kept) for kept in (False, True))
    except CannotJudge:
        return
    if (far := difference(same.path, new.path)) > NEAR:
        evidence = (
            "parameters when p.grad is written anew in place",
            "the same",
            f"{far:.2g} apart",
        )
        lines = lines_where(subject.thing.it, _keeps) or [step_line(subject.thing)]
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


def gradient_missing(subject: Subject, form: Form) -> None:
    """A parameter without a gradient stands still, and only that one. Fault:
    stops_at_missing_gradient."""
    for without in range(len(problem()[0])):
        it, params = anew(subject, form)
        for i, p in enumerate(params):
            p.grad = None if i == without else torch.ones_like(p)
        before = [p.detach().clone() for p in params]
        try:
            stepped(subject, it)
        except CannotJudge:  # it asks for all gradients, and says so
            return
        still = [i for i, p in enumerate(params) if torch.equal(p, before[i])]
        if set(still) - {without}:
            evidence = (f"parameters that move when number {without} has no gradient", "the others",
                        f"all but {still}")  # fmt: skip
            lines = lines_where(subject.thing.it, lambda n: isinstance(n, ast.Return | ast.Break))
            lines = [n for n in lines if n > step_line(subject.thing)]
            line = (lines or [step_line(subject.thing)])[0]
            subject.fault("stops_at_missing_gradient", line, evidence)
            return


def fits(thing: Thing) -> bool:
    """What is called so; a class that is no module and has step() and zero_grad()."""
    methods = ("step", "zero_grad")
    like = thing.is_class and not issubclass(thing.it, nn.Module)
    return ROLE.is_name(thing.name) or (like and all(hasattr(thing.it, m) for m in methods))


ROLE = Role(
    called=r"(?!(init\w*|make|create|get|build|configure|setup|zero|load|save|reset|print|plot|train|"
    r"compare|run|test|demo|check|count)_)(?!\w*(states?|velocit(y|ies)|slots?|moments|zero_?grad)$)"
    r"(\w*(sgd|adam|momentum|ada_?grad|rms_?prop|optimi[sz]er)\w*|\w*(gradient_?descent|nesterov)\w*|"
    r"(optim_?)?(step|update)(_(params|parameters|weights)\w*)?)",
    sizes=Sizes({}),
    judge=judge,
    fits=fits,
    kinds=("class", "function"),
    made=False,
)  # fmt: skip
