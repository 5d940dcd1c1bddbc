"""How a user's optimizer is called: a class like torch.optim's, one whose update takes parameters
and gradients, a function in whatever form; played for a few steps.

Which form it is, its parameters' names say; what they leave open is tried: tensors one by one or in
lists or mappings, a state that is empty or filled, a step count from one or from zero.
"""

import inspect
import itertools
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from etude.checking.build import READ, Sizes, needed, takes
from etude.checking.constructions import first as first_of_class
from etude.checking.source import CannotJudge, Thing, theirs
from etude.checking.subject import Subject
from etude.checking.trace import Recorder, Trace
from etude.shapes import Tensor

Path = list[list[Tensor]]
"""Parameters after each step."""
Problem = Callable[..., tuple[list[Tensor], list[list[Tensor]]]]
"""(parameters, their gradients at each step); both of one shape if so asked."""

CALLED = {
    "params": r"(model_)?param(eter)?s?|ps?|ws?|weights?|thetas?|variables|x",
    "grads": r"grad(ient)?s?|gs?|d_?(w|p|params?|theta)s?|grads?_\w+",
    "rate": READ["rate"].pattern,
    "first": r"ms?|m_?list|first(_moments?)?|exp_avgs?|means?|moments?_?1|m_prev",
    "second": r"vs?|v_?list|second(_moments?)?|exp_avg_sqs?|squares?|moments?_?2|s|v_prev",
    "velocity": r"velocit(y|ies)|vels?|buf\w*|momentum_?buf\w*|momentums|moments|v_prev",
    "time": r"t|step|steps|step_?(count|num|number|t|idx)|i|it|iter|iteration|n_?steps?|k|timestep",
    "state": r"states?|cache|caches|opt(im(izer)?)?_?state|memory|history",
    "settings": r"hyper_?param(eter)?s|config|cfg|hps?|options|opts",
    "momentum": READ["momentum"].pattern,
    "beta1": READ["beta1"].pattern,
    "beta2": READ["beta2"].pattern,
    "betas": READ["betas"].pattern,
    "epsilon": READ["epsilon"].pattern,
    "batch": r"batch_?size",
}  # fmt: skip
STATE = ("first", "second", "velocity", "state", "time", "settings")
"""What a function is given again at its next step."""


@dataclass(frozen=True)
class Played:
    """The parameters after each step, and the trace of the last one. same: of one shape."""

    path: Path
    trace: Trace
    same: bool

    @property
    def moves(self) -> bool:
        """Whether a second step changes anything: a form that does not may be a wrong guess."""
        return not all(torch.equal(a, b) for a, b in zip(*self.path[:2]))


@dataclass(frozen=True)
class Form:
    """How a function is called. held: "list", "mapping" or "single"; state: an entry of STATES;
    start: the first step's number."""

    held: str
    state: str
    start: int


STATES = ("made", "empty", "filled", "zeros", "pairs", "mappings", "none")
FORMS = [
    Form(held, state, start)
    for start, state, held in itertools.product((1, 0), STATES, ("list", "mapping", "single"))
]


def parameters(values: Sequence[Tensor]) -> list[Tensor]:
    """As a model has them."""
    return [nn.Parameter(v.clone()) for v in values]


def stepping(it: Any) -> bool:
    """Whether it steps by itself, on the parameters that it was made with."""
    method = getattr(it, "step", None)
    return callable(method) and not needed(method)


def made(subject: Subject, params: Any) -> Any:
    """Another one of the user's class, on these parameters."""
    sizes = subject.built.sizes
    return first_of_class(
        subject.thing, Sizes({**sizes, "parameters": params}, tuple(sizes)), {}
    ).it


def argument_names(subject: Subject) -> list[str]:
    """Of all parameters: of the class, and of the step where it takes some."""
    thing = subject.thing.it
    if not subject.thing.is_class:
        return takes(thing)
    names = list(inspect.signature(thing).parameters)
    method = method_of(subject.it)
    return names + takes(method)


def method_of(it: Any) -> Callable[..., Any]:
    """The function that steps."""
    for name in ("step", "update", "__call__", "apply"):
        if callable(method := getattr(it, name, None)):
            return method  # type: ignore[no-any-return]
    raise CannotJudge("check_call", call=type(it).__name__, wanted="step()")


def workable(subject: Subject, problem: Problem) -> Iterator[Played]:
    """All forms in which it can be called and plays all its steps. Raises CannotJudge where none
    does."""
    trouble: CannotJudge | None = None
    works = 0
    for same in (False, True):
        for play in plays(subject):
            try:
                params, grads = problem(same)
                yield play(params, grads, same)
            except CannotJudge as error:
                if trouble is None or error.code == "check_crashed":
                    trouble = error if trouble is None or trouble.code == "check_ask" else trouble
                continue
            works += 1
        if works:
            return
    raise trouble or CannotJudge("check_call", call=subject.thing.name, wanted="step()")


Play = Callable[[list[Tensor], list[list[Tensor]], bool], Played]


def plays(subject: Subject) -> Iterator[Play]:
    """Ways to play it."""
    if subject.thing.is_class and stepping(subject.it):
        yield lambda params, grads, same: by_itself(subject, params, grads, same)
        return
    names = takes(method_of(subject.it) if subject.thing.is_class else subject.it)
    found = meanings(names)
    for form in FORMS:
        if form.start == 0 and "time" not in found.values():
            continue
        if form.state != "made" and not set(found.values()) & {"state"}:
            continue
        yield lambda params, grads, same, form=form: called(  # type: ignore[misc]
            subject, params, grads, same, form
        )


def by_itself(
    subject: Subject, params: list[Tensor], grads: list[list[Tensor]], same: bool,
    refilled: bool = False,
) -> Played:  # fmt: skip
    """A class that was made with its parameters. refilled: the gradients' tensors stay the same
    ones, as after zero_grad(set_to_none=False); else they are new in every step."""
    held = parameters(params)
    it = made(subject, held)
    path = []
    for given in grads:
        for p, g in zip(held, given):
            if refilled and p.grad is not None:
                p.grad.copy_(g)
            else:
                p.grad = g.clone()
        recorder = Recorder({}, (), subject.thing.file)
        with theirs(subject.thing.file, "check_crashed", shapes="step()"), recorder:
            it.step()
        path.append([p.detach().clone() for p in held])
    return Played(path, recorder.trace, same)


def meanings(names: Sequence[str]) -> dict[str, str]:
    """What a function's parameters mean, by name. A `v` without an `m` is a velocity."""
    found: dict[str, str] = {}
    for name in names:
        hits = [m for m, pattern in CALLED.items() if re.fullmatch(pattern, name, re.IGNORECASE)]
        free = [m for m in hits if m not in found.values()]
        if free:
            found[name] = free[0]
    if "second" in found.values() and "first" not in found.values():
        found = {n: "velocity" if m == "second" else m for n, m in found.items()}
    return found


class Filled(dict[Any, Any]):
    """A state that has whatever is looked up, by what its name means."""

    def __init__(self, known: Mapping[str, Callable[[], Any]]) -> None:
        super().__init__()
        self.known = known

    def __missing__(self, key: Any) -> Any:
        found = next(
            (m for m in self.known if re.fullmatch(CALLED[m], str(key), re.IGNORECASE)), "first"
        )
        self[key] = self.known[found]()
        return self[key]


def called(
    subject: Subject, params: list[Tensor], grads: list[list[Tensor]], same: bool, form: Form
) -> Played:
    """A function of parameters and gradients; what it gives back is handed to its next call."""
    call = Called(subject, [p.clone() for p in params], form)
    path = []
    for given in grads:
        with Recorder({}, (), subject.thing.file) as recorder:
            call(given)
        path.append([p.detach().clone() for p in call.now])
    return Played(path, recorder.trace, same)


class Called:
    """A function's calls, one after another, in one form."""

    def __init__(self, subject: Subject, params: list[Tensor], form: Form) -> None:
        self.file, self.form = subject.thing.file, form
        own = subject.thing.is_class
        self.it = method_of(made(subject, params)) if own else subject.it
        self.names = meanings(takes(self.it))
        self.required = needed(self.it)
        self.lines = [params] if form.held != "single" else [[p] for p in params]
        """Groups of parameters that are handed over together."""
        self.given = dict(subject.sizes)
        self.states = [self.start(group, subject.thing) for group in self.lines]

    @property
    def now(self) -> list[Tensor]:
        """The parameters as they are."""
        return [p for group in self.lines for p in group]

    def start(self, group: list[Tensor], thing: Thing) -> dict[str, Any]:
        """The state before the first step, by name."""
        zeros = {m: lambda: self.held([torch.zeros_like(p) for p in group])
                 for m in ("first", "second", "velocity")}  # fmt: skip
        made: dict[str, Callable[[], Any]] = {
            **zeros, "time": lambda: self.form.start,
            "state": lambda: self.state(group, thing, zeros),
            "settings": lambda: self.filled(zeros),
        }  # fmt: skip
        return {n: made[m]() for n, m in self.names.items() if m in STATE}

    def state(self, group: list[Tensor], thing: Thing, zeros: Mapping[str, Any]) -> Any:
        """A state in one argument."""
        kind = self.form.state
        if kind == "made":
            return initial(self.held(group), thing)
        if kind == "filled":
            return self.filled(zeros)
        pair = [(torch.zeros_like(p), torch.zeros_like(p)) for p in group]
        others = {
            "empty": dict, "zeros": zeros["velocity"], "pairs": lambda: self.held(pair),
            "mappings": lambda: self.held([{} for _ in group]), "none": lambda: None,
        }  # fmt: skip
        return others[kind]()

    def filled(self, zeros: Mapping[str, Any]) -> Filled:
        """A mapping that has all there is to know."""
        sizes = {m: partial(self.given.get, m) for m in CALLED if m in self.given}
        return Filled({**sizes, **zeros, "time": lambda: self.form.start})

    def held(self, group: Sequence[Any]) -> Any:
        """Together, as the function takes it."""
        if self.form.held == "mapping":
            return {f"W{i}": each for i, each in enumerate(group)}
        return group[0] if self.form.held == "single" else list(group)

    def __call__(self, grads: Sequence[Tensor]) -> None:
        """One step of all groups."""
        for i, group in enumerate(self.lines):
            mine = list(grads) if self.form.held != "single" else [grads[i]]
            for p, g in zip(group, mine):
                p.grad = g.clone()
            params = self.held(group)
            values = {
                "params": params, "grads": self.held([g.clone() for g in mine]), "batch": 1,
                **self.given,
            }  # fmt: skip
            named = {n: values[m] for n, m in self.names.items()
                     if m in values and (n in self.required or m != "epsilon")}  # fmt: skip
            if missing := [n for n in self.required if n not in named and n not in self.states[i]]:
                raise CannotJudge("check_ask", parameter=missing[0], call=str(self.it))
            with theirs(self.file, "check_crashed", shapes=f"a {self.form.held}"):
                out = self.it(**named, **self.states[i])
            self.keep(i, out, params)

    def keep(self, i: int, out: Any, params: Any) -> None:
        """New parameters and state from what was given back, in the order of the signature."""
        for name, meaning in self.names.items():
            if meaning == "time" and isinstance(self.states[i][name], int):
                self.states[i][name] += 1
        before = self.lines[i]
        first = params if out is None else out
        if isinstance(out, tuple) and out and self.like(out[0], before):
            first = out[0]
            for timely in (True, False):
                kept = [n for n in self.states[i] if (self.names[n] == "time") is timely]
                values = [v for v in out[1:] if isinstance(v, int) is timely]
                self.states[i].update(zip(kept, values))
        elif out is not None and not self.like(out, before):
            first = params
        new = list(first.values()) if isinstance(first, dict) else first
        self.lines[i] = [new] if isinstance(new, torch.Tensor) else list(new)

    def like(self, out: Any, group: list[Tensor]) -> bool:
        """Whether this is a group of parameters."""
        found = list(out.values()) if isinstance(out, dict) else out
        found = [found] if isinstance(found, torch.Tensor) else found
        return (
            isinstance(found, list | tuple)
            and len(found) == len(group)
            and all(
                isinstance(a, torch.Tensor) and a.shape == b.shape for a, b in zip(found, group)
            )
        )


def initial(params: Any, thing: Thing) -> Any:
    """What a function of the user's file makes for the first step, where there is one."""
    module = vars(sys.modules[thing.it.__module__])
    for name, it in module.items():
        maker = re.fullmatch(r"\w*init\w*|(make|new|create|zero)_\w*state\w*", name)
        if maker and inspect.isfunction(it) and len(needed(it)) == 1:
            with theirs(thing.file, "check_crashed", shapes=name):
                return it(params)
    raise CannotJudge("check_ask", parameter="state", call=thing.name)


def attributes(it: Any) -> dict[str, Any]:
    """Of an object, and of the settings that it holds: a mapping as torch's `defaults`, or an
    object of numbers."""
    own = dict(vars(it)) if hasattr(it, "__dict__") else {}
    found: dict[str, Any] = {}
    for value in own.values():
        more = value if isinstance(value, dict) else getattr(value, "__dict__", {})
        found |= {k: v for k, v in more.items() if isinstance(k, str) and _setting(v)}
    return {**found, **own}


def _setting(value: Any) -> bool:
    both = value if isinstance(value, tuple | list) else (value,)
    return bool(both) and all(isinstance(each, int | float) for each in both)


def defaults_of(thing: Thing) -> dict[str, Any]:
    """Of the parameters of a signature."""
    try:
        found = inspect.signature(thing.it).parameters
    except (TypeError, ValueError):
        return {}
    return {n: p.default for n, p in found.items() if p.default is not p.empty}
