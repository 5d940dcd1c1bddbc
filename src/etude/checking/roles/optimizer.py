"""An optimizer's step: SGD, momentum, Adam, AdaGrad, RMSProp; a class like torch.optim's, or a function.

A few steps on four parameters with gradients given beforehand, against the formulas of
`formulas.py`: right ones first, then those with one fault or two. Then once more with each switch
(weight decay, momentum, Nesterov, ...) that its signature has.
"""

import ast
import inspect
import itertools
import linecache
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from etude.checking import docstrings, formulas
from etude.checking.build import Sizes, needed
from etude.checking.event_recorder import empty
from etude.checking.formulas import (
    ADAM,
    COUPLED,
    DECAY_FAULTS,
    DECAYS,
    MOMENTUM,
    NEAR,
    NONE,
    RULES,
    SGD,
    Rule,
    T,
    difference,
    problem,
    reference,
)
from etude.checking.optimizer_facts import Facts, meanings
from etude.checking.optimizer_trace import Form, Played, forms, make, method_of, play, takes_of
from etude.checking.program import Change
from etude.checking.roles import Role
from etude.checking.source import CannotJudge, Thing, line_of, lines_where, theirs
from etude.checking.subject import Subject
from etude.shapes import Tensor

MOST = 8
"""Forms that are compared with formulas."""
Options = Mapping[str, Any]


@dataclass(frozen=True)
class Fit:
    """A formula that the user's steps equal. changes: its variant and its decay; faults: none of a
    right one; played: how."""

    rule: Rule
    changes: tuple[Change, ...]
    faults: tuple[Change, ...]
    error: float
    facts: Mapping[str, float]
    played: Played

    def log(self, *faults: Change) -> list[tuple[str, Tensor]]:
        """All values of the formula, by name."""
        params, grads = self.played.problem
        return reference(self.rule, params, grads, self.facts, *self.changes, *faults)[1]


@dataclass(frozen=True)
class Declared:
    """What a thing says that it is. rules: by its name, none where that says nothing; of_faults:
    those whose faults it may have; known: whether its name is of none that is not known here."""

    rules: tuple[Rule, ...]
    of_faults: tuple[Rule, ...]
    known: bool


def declared(thing: Thing, options: Options) -> Declared:
    """By the name, then by the parameters."""
    by_name = next((r for r in (*RULES[2:], MOMENTUM, SGD)
                    if re.search(r.called, thing.name, re.IGNORECASE)), None)  # fmt: skip
    rules = (SGD, MOMENTUM) if by_name is SGD else (by_name,) if by_name else ()
    said = signature(thing)
    taken = {m for n, m in meanings(list(said)).items() if options.get(n, said[n])}
    more = (ADAM,) if taken & {"betas", "beta2"} else (MOMENTUM,) if "momentum" in taken else ()
    if by_name is SGD and more == (MOMENTUM,):
        rules = more
    known = not formulas.OTHERS.search(thing.name)
    return Declared(rules, rules or more, known)


def signature(thing: Thing) -> dict[str, Any]:
    """The parameters of a class and of its step, or of a function: their defaults, True where they
    have none."""
    calls = [thing.it, method_of(thing.it)] if thing.is_class else [thing.it]
    found: dict[str, Any] = {}
    for call in calls:
        for name in takes_of(call):
            default = inspect.signature(call).parameters[name].default
            found.setdefault(name, True if default is inspect.Parameter.empty else default)
    return found


def facts_for(rule: Rule, facts: Facts, wide: bool = False) -> Iterator[dict[str, float]]:
    """What a formula may be played with. wide: also with any constants of the code."""
    rates = facts.of(("rate",))[:2] or [*facts.constants, 0.01, 0.001, 0.1, 1.0]
    names, lists = ["lr"], [rates]
    for name, meanings_of in rule.reads.items():
        values = facts.of(meanings_of)
        if wide and not any(m in facts.named for m in meanings_of):
            small = name == "eps"
            values += [c for c in facts.constants if (c < 1e-3 if small else c > 0.3)]
        if values:
            names.append(name)
            lists.append(list(dict.fromkeys(values)))
    for chosen in itertools.product(*lists):
        yield dict(zip(names, chosen))


def flat(values: Sequence[Sequence[Tensor]]) -> list[list[Tensor]]:
    """All parameters as one."""
    return [[torch.cat([v.flatten() for v in each])] for each in values]


def fits(
    played: Played, rule: Rule, facts: Mapping[str, float], changes: Sequence[Change],
    faults: Sequence[Change] = (),
) -> Fit | None:  # fmt: skip
    """Whether the user's steps are those of this formula."""
    used = [name for change in (*changes, *faults) for name in change.steps]
    if len(set(used)) < len(used):
        return None
    params, grads = played.problem
    path = played.path
    if not {"slot", "clock"} & set(used):  # each number for itself: all at once
        (params,), grads, path = flat([params]), flat(grads), flat(path)
    try:
        expected, _ = reference(rule, params, grads, facts, *changes, *faults, like=path)
    except (RuntimeError, ZeroDivisionError, AttributeError):  # unlike shapes; t of 0; not given
        return None
    error = difference(path, expected)
    if len(expected) == len(path) and error < NEAR:
        return Fit(rule, tuple(changes), tuple(faults), error, facts, played)
    return None


def right(played: Played, rules: Sequence[Rule], wide: bool = False) -> Fit | None:
    """The first right formula that fits, without decay of the weights, else with it."""
    decays = [w for w in played.facts.of(("decay",)) if w][:2]
    for rule in rules:
        for facts in facts_for(rule, played.facts, wide):
            for variant in rule.variants:
                if found := fits(played, rule, facts, (variant,)):
                    return found
                for wd, decay in itertools.product(decays, DECAYS):
                    if found := fits(played, rule, {**facts, "wd": wd}, (variant, decay)):
                        return found
    return None


def wrong(played: Played, rules: Sequence[Rule], sure: bool) -> Fit | None:
    """The first formula with one fault that fits, else with two. sure: whether it is known what it
    should be; if not, only faults of any optimizer count."""
    decays = [w for w in played.facts.of(("decay",)) if w][:1]
    for rule in rules:
        known = list(itertools.islice(facts_for(rule, played.facts), 2))
        faults = rule.faults if sure else [f for f in rule.faults if f.name in ALWAYS]
        for facts, fault in itertools.product(known, faults):
            for variant in rule.variants:
                if found := fits(played, rule, facts, (variant,), (fault,)):
                    return found
            for wd, decay in itertools.product(decays, DECAYS[:2]):
                more = {**facts, "wd": wd}
                if found := fits(played, rule, more, (NONE, decay), (fault,)):
                    return found
        for wd, fault in itertools.product(decays, DECAY_FAULTS):
            for variant in rule.variants:
                more = {**known[0], "wd": wd}
                if found := fits(played, rule, more, (variant,), (fault,)):
                    return found
        if sure and not decays:
            for pair in itertools.combinations(faults, 2):
                if found := fits(played, rule, known[0], (NONE,), pair):
                    return found
    return None


ALWAYS = ("ascent", "not_in_place", "lr_applied_twice", "state_shared_between_parameters")


def settled(subject: Subject, options: Options, known: Form | None = None) -> Fit:
    """The formula that it is in the first form that is right, else in the first with known faults.
    known: the form, where it is. Raises CannotJudge where there is none."""
    said = declared(subject.thing, options)
    rules = said.rules or RULES
    works = list(workable(subject, options, known, rules))
    found = next((fit for each in works if isinstance(fit := each, Fit)), None)
    played = [each for each in works if isinstance(each, Played)]
    if found is None or unused_switch(found, subject.thing, options):
        faults = said.of_faults or RULES
        tried = [found.played] if found else sorted(played, key=lambda each: not each.moves)
        found = next((fit for each in tried if each.understood and said.known
                      and (fit := wrong(each, faults, bool(said.of_faults)))), None)  # fmt: skip
    if found is None:
        found = next((fit for each in played[:2] if (fit := right(each, rules, True))), None)
    if found is None:
        other = next((fit for each in played if (fit := right(each, RULES))), None)
        if other and said.rules:
            raise CannotJudge(
                "check_optimizer_other", torch=other.rule.torch, wanted=said.rules[0].torch
            )
        raise CannotJudge("check_optimizer_unknown")
    return found


def unused_switch(found: Fit, thing: Thing, options: Options) -> bool:
    """Whether it is handed a momentum, or a decay, that its steps do not have."""
    said = signature(thing)
    taken = {m for n, m in meanings(list(said)).items() if options.get(n, said[n])}
    still = found.rule is SGD and bool(taken & {"momentum", "beta1"})
    return still or ("decay" in taken and not any(c in DECAYS for c in found.changes))


def workable(
    subject: Subject, options: Options, known: Form | None, rules: Sequence[Rule]
) -> Iterator[Played | Fit]:
    """The forms in which it plays all its steps, each that answers otherwise; last the first right
    fit. Raises CannotJudge where there is none."""
    trouble: CannotJudge | None = None
    works: list[Played] = []
    for same in (False, True):
        for form in [known] if known else forms(subject):
            try:
                played = play(subject, replace(form, same=same or form.same), problem, options)
            except CannotJudge as error:
                if trouble is None or (error.code, trouble.code) == ("check_crashed", "check_ask"):
                    trouble = error
                continue
            if any(difference(played.path, each.path) == 0 for each in works):
                continue
            works.append(played)
            if fit := right(played, rules):
                yield fit
                return
            yield played
            if len(works) == MOST:
                return
        if works:
            return
    raise trouble or CannotJudge("check_call", call=subject.thing.name, wanted="step()")


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


def switched(subject: Subject, form: Form, parameter: str, options: Options) -> None:
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
        if not subject.held:
            subject.hold("as_torch", found.error)
            subject.hold(f"is_{found.rule.key}")
        subject.variants += [
            c.name for c in found.changes if c is not NONE and c.name not in subject.variants
        ]
        return
    lines = [(place(subject, found, fault), fault) for fault in found.faults]
    for line, fault in sorted(lines, key=lambda each: each[0]):
        evidence = (
            f"parameters after {T} steps", f"those of {found.rule.torch}",
            f"equal, to {found.error:.0e}, to its formula with this one fault"
            if len(lines) == 1 else f"equal, to {found.error:.0e}, to its formula with these faults",
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
    return getattr(node, "attr", getattr(node, "id", "")) in ("pow", "power", "exp", "pow_")


SEEN_IN = {"clock": "mean", "b1": "m", "b2": "v", "before": "m", "slot": "m", "kept": "mean"}
"""The step whose values show what is not a step itself."""


def place(subject: Subject, found: Fit, fault: Change) -> int:
    """The line at which the faulty step's values come out, or those that it should have made."""
    names = {SEEN_IN.get(name, name) for name in fault.steps}
    names |= {"update"} if fault.name == "not_in_place" else set()
    for faults in (found.faults, ()):
        for name, value in reversed(found.log(*faults)):
            if name in names and value.isfinite().all():
                if line := found.played.trace.line_of(value):
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
    with theirs(subject.thing.file, "check_crashed", shapes="zero_grad()"):
        it.zero_grad()
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


ROLE = Role(
    called=r"\w*(sgd|adam|momentum|ada_?grad|rms_?prop|optimi[sz]er)\w*|\w*gradient_?descent\w*|(optim_?)?(step|update)(_params|_parameters|_weights)?",
    sizes=Sizes({}),
    judge=judge,
    kinds=("class", "function"),
    made=False,
)  # fmt: skip
