"""How a user's optimizer is called: a class like torch.optim's, one whose update takes parameters
and gradients, a function in whatever form; on tensors, on NumPy arrays, on objects that hold
arrays; played for a few steps.

What names say orders the tries. What they leave open is tried: parameters in lists or mappings or
one by one, a state that is empty or filled, a step count from one or from zero.
"""

import inspect
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from torch import nn

from etude.checking.build import needed, takes
from etude.checking.optimizer_cells import (
    USUAL,
    Filled,
    Layer,
    cell_of,
    feed,
    plain,
    prefixed,
    value_of,
    zero_like,
)
from etude.checking.optimizer_facts import Facts, facts_of, meanings
from etude.checking.source import CannotJudge, Thing, names_beside, theirs
from etude.checking.subject import Subject
from etude.checking.trace import Recorder, Trace
from etude.shapes import Tensor

Path = list[list[Tensor]]
"""Parameters after each step."""
Problem = Callable[..., tuple[list[Tensor], list[list[Tensor]]]]
"""(parameters, their gradients at each step); both of one shape if so asked."""

STATE = ("first", "second", "velocity", "state", "time", "settings")
"""What a function is given again at its next step."""
HANDED = ("params", "grads", "rate")
"""What parameters of unknown names are, in this order."""
METHODS = (
    "step", "update", "__call__", "apply", "apply_gradients", "update_params", "optimize",
    "update_parameters", "update_weights", "update_param", "update_one", "step_param",
)  # fmt: skip


@dataclass(frozen=True)
class Form:
    """How something is called. kind: of each parameter, one of KINDS; held: one of HELD; state: one
    of STATES; start: the first step's number; same: whether all parameters have one shape."""

    kind: str
    held: str
    state: str = "none"
    start: int = 1
    same: bool = False


KINDS = ("tensor", "array", "object", "scalar", "frozen")
"""Tensors, NumPy arrays, objects with `data` and `grad` that are arrays or numbers, tensors while
gradients are off."""
HELD = ("list", "mapping", "prefixed", "single", "own", "layer", "module")
"""Together in a list or a mapping (gradients by the same keys, or by "dW1" for "W1"), one by one
(by one object, or by one each), as the attributes of a layer, as a module."""
STATES = ("made", "empty", "filled", "zeros", "pairs", "mappings", "none")


@dataclass(frozen=True)
class Played:
    """The parameters after each step, and the trace of the last one. problem: its parameters
    and gradients; look: finds the values that were in use; understood: whether all that came
    back was a state or parameters."""

    path: Path
    trace: Trace
    form: Form
    problem: tuple[list[Tensor], list[list[Tensor]]]
    look: Callable[[], Facts]
    understood: bool = True

    @cached_property
    def facts(self) -> Facts:
        """The values that were in use, by meaning."""
        return self.look()

    @property
    def moves(self) -> bool:
        """Whether a second step changes anything: a form that does not may be a wrong guess."""
        return not all(torch.equal(a, b) for a, b in zip(*self.path[:2]))


def play(
    subject: Subject, form: Form, problem: Problem, options: Mapping[str, Any],
    refilled: bool = False,
) -> Played:  # fmt: skip
    """All steps in one form. options: further arguments by name; refilled: the gradients' tensors
    stay the same ones, as after zero_grad(set_to_none=False); else they are new in every step."""
    params, grads = problem(form.same)
    if form.kind == "scalar":
        params, grads = [p.sum() for p in params], [[g.sum() for g in each] for each in grads]
    player = Player(subject, params, form, options)
    path = []
    for given in grads:
        with (
            torch.set_grad_enabled(form.kind != "frozen"),
            Recorder({}, (), subject.thing.file) as recorder,
        ):
            player(given, refilled)
        path.append(player.now)
    return Played(path, recorder.trace, form, (params, grads), player.facts, player.understood)


def forms(subject: Subject) -> Iterator[Form]:
    """Ways to call it, the likeliest first."""
    thing = subject.thing.it
    if inspect.isclass(thing) and "params" in meanings(takes_of(thing)).values():
        for kind, held in (("tensor", "list"), ("tensor", "module"), ("object", "list"),
                           ("scalar", "list"), ("array", "list"), ("frozen", "list")):  # fmt: skip
            for start in (1, 0):
                yield Form(kind, held, "filled", start)
        return
    call = method_of(thing) if inspect.isclass(thing) else thing
    found = set(meanings(takes_of(call)).values())
    kinds = sorted(KINDS[:2], key=lambda kind: (kind == "array") != uses_numpy(subject.thing))
    own = ("own",) if inspect.isclass(thing) and "key" not in found else ()
    helds = ("list", "mapping", "prefixed", *own, "single")
    states = STATES if "state" in found else ("filled",)
    starts = (1, 0) if found & {"time", "settings"} else (1,)
    for kind, state, start, held in itertools.product(kinds, states, starts, helds):
        yield Form(kind, held, state, start)
    for kind, held in (("array", "layer"), ("tensor", "layer"), ("object", "list"),
                       ("object", "own"), ("object", "single"), ("tensor", "module")):  # fmt: skip
        yield Form(kind, held)


def uses_numpy(thing: Thing) -> bool:
    """Whether its file has NumPy and no torch."""
    own = names_beside(thing.it).values()
    return any(each is np for each in own) and not any(each is torch for each in own)


def takes_of(call: Any) -> list[str]:
    """Names of the parameters of a class or function."""
    try:
        return takes(call)
    except (TypeError, ValueError):
        return []


def method_of(it: Any) -> Callable[..., Any]:
    """The method that steps: by its name, else the first that is handed something."""
    for name in METHODS:
        if callable(method := getattr(it, name, None)) and (
            name != "__call__" or not inspect.isclass(it) or "__call__" in vars(it)
        ):
            return method  # type: ignore[no-any-return]
    own = type(it) if not inspect.isclass(it) else it
    for name, method in vars(own).items():
        if inspect.isfunction(method) and not name.startswith("_") and len(needed(method)) > 0:
            return getattr(it, name)  # type: ignore[no-any-return]
    raise CannotJudge("check_call", call=own.__name__, wanted="step()")


class Player:
    """A user's optimizer, called again and again in one form."""

    def __init__(
        self, subject: Subject, params: Sequence[Tensor], form: Form, options: Mapping[str, Any]
    ) -> None:
        self.thing, self.form, self.options = subject.thing, form, options
        self.understood = True
        cells = [cell_of(p, form.kind, self.thing.is_class) for p in params]
        alone = form.held in ("single", "own")
        self.groups: list[list[Any]] = [[each] for each in cells] if alone else [cells]
        if form.held == "layer":
            self.groups = [cells[:2], cells[2:]]
        self.held = [self.hand(group) for group in self.groups]
        self.handed: dict[str, Any] = {}
        count = len(self.groups) if form.held == "own" else 1
        self.objects = [self.made() for _ in range(count)] if self.thing.is_class else []
        self.read: dict[str, Any] = {}
        self.states = [self.start(i) for i in range(len(self.groups))]

    def made(self) -> Any:
        """An object of the user's class."""
        return make(self.thing, self.held[0], self.options, self.handed)

    def call(self, i: int) -> Callable[..., Any]:
        """What is called for a group."""
        if not self.objects:
            return self.thing.it  # type: ignore[no-any-return]
        return method_of(self.objects[i % len(self.objects)])

    @property
    def now(self) -> list[Tensor]:
        """The parameters as they are."""
        return [value_of(each) for group in self.groups for each in group]

    def facts(self) -> Facts:
        """Values in use."""
        it = self.objects[0] if self.objects else None
        return facts_of(self.thing, it, {**self.handed, **self.read, **_settings(self.states[0])})

    def hand(self, group: Sequence[Any]) -> Any:
        """A group as it is handed over."""
        if self.form.held in ("mapping", "prefixed"):
            return {f"{'Wb'[i % 2]}{i // 2 + 1}": each for i, each in enumerate(group)}
        if self.form.held == "layer":
            return Layer(group)
        if self.form.held == "module":
            return nn.ParameterList(group)
        return group[0] if self.form.held in ("single", "own") else list(group)

    def zeros(self, i: int) -> Any:
        """Like a group of parameters, of zeros."""
        group = [zero_like(each) for each in self.groups[i]]
        held = self.hand(group)
        return {**held, **prefixed(held)} if self.form.held == "prefixed" else held

    def start(self, i: int) -> dict[str, Any]:
        """The state before the first step, by name."""
        call = self.call(i)
        made: dict[str, Callable[[], Any]] = {
            **dict.fromkeys(("first", "second", "velocity"), partial(self.zeros, i)),
            "time": lambda: self.form.start,
            "state": lambda: self.state(i),
            "settings": lambda: self.filled(i),
        }
        required = needed(call)
        named = {n: m for n, m in meanings(takes(call)).items() if n in required or m == "state"}
        return {n: made[m]() for n, m in named.items() if m in STATE}

    def state(self, i: int) -> Any:
        """A state in one argument."""
        group = self.groups[i]
        pairs = [(zero_like(each), zero_like(each)) for each in group]
        others: dict[str, Callable[[], Any]] = {
            "made": lambda: initial(self.hand(group), self.thing),
            "filled": lambda: self.filled(i),
            "empty": dict, "zeros": lambda: self.zeros(i), "pairs": lambda: self.hand(pairs),
            "mappings": lambda: self.hand([{} for _ in group]), "none": lambda: None,
        }  # fmt: skip
        return others[self.form.state]()

    def filled(self, i: int) -> "Filled":
        """A mapping that has all there is to know."""
        zeros = dict.fromkeys(("first", "second", "velocity"), partial(self.zeros, i))
        usual = {m: partial(USUAL.get, m) for m in USUAL}
        return Filled({**usual, **zeros, "time": lambda: self.form.start}, self.read)

    def __call__(self, grads: Sequence[Tensor], refilled: bool) -> None:
        """One step of all groups."""
        cut = itertools.accumulate((len(group) for group in self.groups), initial=0)
        begin = list(cut)
        around = [getattr(it, name, None) for it in self.objects[:1]
                  for name in ("pre_update_params", "post_update_params")]  # fmt: skip
        self.beside(around[:1])
        for i, group in enumerate(self.groups):
            mine = grads[begin[i] : begin[i + 1]]
            for each, g in zip(group, mine):
                feed(each, g, refilled)
            if isinstance(self.held[i], Layer):
                self.held[i].own.update(zip(("dW", "db"), (plain(g, self.form.kind) for g in mine)))
            call = self.call(i)
            out = self.asked(call, i, [plain(g, self.form.kind) for g in mine])
            self.keep(i, call, out)
        self.beside(around[1:])

    def beside(self, methods: Sequence[Any]) -> None:
        """What some classes want to be called before and after."""
        for method in methods:
            if callable(method):
                with theirs(self.thing.file, "check_crashed", shapes="()"):
                    method()

    def asked(self, call: Callable[..., Any], i: int, grads: Sequence[Any]) -> Any:
        """What a step gives back."""
        held = self.hand(grads)
        named: dict[str, Any] = {}
        found, required = meanings(takes(call)), needed(call)
        values = {**USUAL, "params": self.held[i], "key": f"w{i}",
                  "grads": prefixed(held) if self.form.held == "prefixed" else held}  # fmt: skip
        for name in takes(call):
            meaning = found.get(name, "")
            if name in self.states[i]:
                named[name] = self.states[i][name]
            elif name in self.options:
                named[name] = self.options[name]
            elif name in required or meaning in ("params", "grads", "rate"):
                spare = [m for m in HANDED if m not in found.values()]
                meaning = meaning or next(iter(spare), "")
                if meaning not in values:
                    raise CannotJudge("check_ask", parameter=name, call=self.thing.name)
                found[name] = meaning
                named[name] = values[meaning]
                self.handed |= {name: values[meaning]} if meaning in USUAL else {}
        with theirs(self.thing.file, "check_crashed", shapes=f"a {self.form.held}"):
            return call(**named)

    def keep(self, i: int, call: Callable[..., Any], out: Any) -> None:
        """New parameters and state from what was given back, in the order of the signature."""
        names = meanings(takes(call))
        for name, value in self.states[i].items():
            if names[name] == "time" and isinstance(value, int):
                self.states[i][name] += 1
        first = self.held[i]
        kept = [n for n in self.states[i] if names[n] != "time"]
        values = list(out) if isinstance(out, tuple) else [out]
        if out is not None:
            if self.like(values[0], i) and not (len(values) == len(kept) == 1 and self.moved(i)):
                first, values = values[0], values[1:]
            for name in kept:
                if values and not isinstance(values[0], int | float):
                    self.states[i][name] = values.pop(0)
            self.understood = self.understood and all(
                isinstance(v, int | float | str | type(None)) or any(v is s for s in self.kept(i))
                for v in values
            )
        new = list(first.values()) if isinstance(first, Mapping) else first
        if isinstance(new, Layer):
            self.groups[i] = new.cells()
        elif self.form.held != "module":
            self.groups[i] = list(new) if isinstance(new, list | tuple) else [new]
            self.held[i] = first

    def kept(self, i: int) -> list[Any]:
        return [*self.states[i].values(), self.held[i], *self.objects]

    def moved(self, i: int) -> bool:
        """Whether the state that came back is not the parameters: they have moved in place."""
        return self.form.kind == "tensor" and self.form.held == "list"

    def like(self, out: Any, i: int) -> bool:
        """Whether this is a group of parameters."""
        found = list(out.values()) if isinstance(out, Mapping) else out
        found = found if isinstance(found, list | tuple) else [found]
        group = self.groups[i]
        return len(found) == len(group) and all(
            isinstance(a, torch.Tensor | np.ndarray | np.floating) and np.shape(a) == np.shape(b)
            for a, b in zip(found, group)
        )


def make(thing: Thing, params: Any, options: Mapping[str, Any], handed: dict[str, Any]) -> Any:
    """An object of a user's class. handed: takes the values that are handed over, by name."""
    try:
        parameters = inspect.signature(thing.it).parameters
    except (TypeError, ValueError):
        parameters = inspect.Signature().parameters
    found, required = meanings(list(parameters)), needed(thing.it)
    spare = [m for m in ("params", "rate") if m not in found.values()]
    named: dict[str, Any] = {}
    for name in parameters:
        meaning = found.get(name, "")
        if name in required and not meaning and spare:
            meaning = spare.pop(0)
        if name in options:
            named[name] = handed[name] = options[name]
        elif meaning == "params" and name in required:
            named[name] = params
        elif (name in required or meaning == "rate") and meaning in USUAL:
            named[name] = handed[name] = USUAL[meaning]
        elif name in required:
            raise CannotJudge("check_ask", parameter=name, call=thing.name)
    said = ", ".join(f"{n}={v!r}"[:40] for n, v in named.items())
    with theirs(thing.file, "check_construct", call=f"{thing.name}({said})"):
        return thing.it(**named)


def initial(params: Any, thing: Thing) -> Any:
    """What a function of the user's file makes for the first step, where there is one."""
    module = names_beside(thing.it)
    for name, it in module.items():
        maker = re.fullmatch(
            r"\w*init\w*|(make|new|create|zero)_\w*|\w+_(states?|velocit\w+|slots?)", name
        )
        if maker and inspect.isfunction(it) and it is not thing.it and len(needed(it)) == 1:
            with theirs(thing.file, "check_crashed", shapes=name):
                return it(params)
    raise CannotJudge("check_ask", parameter="state", call=thing.name)


def _settings(state: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers that a function keeps in a state or a mapping of settings."""
    found: dict[str, Any] = {}
    for value in state.values():
        more = value if isinstance(value, dict) else {}
        found |= {k: v for k, v in more.items() if isinstance(k, str) and isinstance(v, float)}
    return found
