"""An LSTM cell: one step, x [N Q] and the states h, c [N D] -> the next h, c.

    N batch · Q input features · D hidden width · gates i input, f forget, g candidate, o output

S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory" (1997), with the forget gate of F. Gers et
al. (2000); equations as in torch.nn.LSTMCell.
"""

import ast
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch.nn.parameter import UninitializedParameter

from etude.checking import common
from etude.checking.build import Sizes, needed, takes
from etude.checking.cell_program import FAULTS, FORMS, LONG, RETURNS, cell
from etude.checking.fit import Fit, Meant, attempt, difference, search, weights
from etude.checking.gates import Part, Widths, distinct, meanings
from etude.checking.products import Use, spare, unused, uses
from etude.checking.program import Change
from etude.checking.roles import Role
from etude.checking.source import CannotJudge, lines_where
from etude.checking.subject import Subject
from etude.checking.trace import TOLERANCE, Trace, Weights, same_values, tensors
from etude.shapes import Tensor

N, Q, D = 3, 5, 4
Ask = Callable[[Tensor, Tensor, Tensor], Any]


STATE = re.compile(
    r"states?|hx|h_?c|hidden(_state)?s?|memory|states?_(prev|t|in|tm1)"
    r"|(init|prev|last|initial|previous)_?(states?|hidden)",
    re.IGNORECASE,
)
CELL = re.compile(r"c|c_?\w*|cell\w*|prev_?c\w*|(last|old)_?c\w*", re.IGNORECASE)
HIDDEN = re.compile(r"h|h_?\w*|hidden\w*|prev_?h\w*|(last|old)_?h\w*", re.IGNORECASE)


def ways(subject: Subject) -> Iterator[Callable[..., Any]]:
    """How it may be called: (x, (h, c)), (x, h, c), in the order that its names say."""
    names = takes(subject.forward)
    count = max(len(needed(subject.forward)), min(len(names), 3) if len(names) == 3 else 2)
    if subject.how or count == 2:
        first = bool(names) and STATE.fullmatch(names[0]) and len(names) > 1
        pair = (lambda x, h, c: ((h, c), x)) if first else (lambda x, h, c: (x, (h, c)))
        yield pair
        yield lambda x, h, c: (x, torch.stack([h, c]))
        yield lambda x, h, c: (torch.cat([x, h], -1), c)
    if count == 3:
        h = [i for i, name in enumerate(names[:3]) if HIDDEN.fullmatch(name)]
        c = [i for i, name in enumerate(names[:3]) if CELL.fullmatch(name)]
        order = [0, 1, 2]
        if len(h) == 1 and len(c) == 1 and h != c:
            (x,) = {0, 1, 2} - {h[0], c[0]}
            order = sorted(range(3), key=lambda i: (x, h[0], c[0])[i])
        yield lambda x, h, c: tuple((x, h, c)[i] for i in order)


def widths_of(subject: Subject, inputs: int, hidden: int) -> Iterator[tuple[int, int]]:
    """(inputs, hidden) that the weights may have, where they are not what was asked for."""
    shapes = [
        p.shape for p in subject.parameters.values() if not isinstance(p, UninitializedParameter)
    ]
    found = {n for shape in shapes for n in shape[:2]}
    hiddens = sorted({n for n in found if n > 1} | {n // 4 for n in found if n % 4 == 0 and n > 4})
    columns = {shape[-1] for shape in shapes if len(shape) == 2}
    for each in hiddens:
        wide = sorted(set(columns) | {n - each for n in columns if n > each})
        yield from (
            (n, each) for n in dict.fromkeys((inputs, *wide)) if (n, each) != (inputs, hidden)
        )


def asker(subject: Subject) -> tuple[Callable[..., Any], list[Tensor]]:
    """The way in which it can be called, and x, h, c that it takes."""
    torch.manual_seed(11)
    said = int(subject.sizes.get("inputs", Q)), int(subject.sizes.get("hidden", D))
    trouble: CannotJudge | None = None
    for inputs, hidden in (said, *widths_of(subject, *said)):
        x, h, c = (torch.randn(N, w, requires_grad=True) for w in (inputs, hidden, hidden))
        for way in ways(subject):
            try:
                states(subject.run(*way(x, h, c)), h)
            except CannotJudge as error:
                trouble = trouble or error
                continue
            return way, [x, h, c]
    raise trouble or CannotJudge(
        "check_call", call=str(takes(subject.forward)), wanted="(x, (h, c))"
    )


def states(out: Any, like: Tensor) -> list[Tensor]:
    """h and c among what was returned; the same thing twice counts once where more came."""
    found = [each for each in tensors(out) if each.shape == like.shape]
    if len(found) == 1 and found[0].shape == (2, *like.shape):
        return list(found[0])
    if len(found) > 2:
        found = [v for i, v in enumerate(found) if not any(v is other for other in found[:i])]
    if len(found) > 2 and torch.equal(found[0], found[1]):
        found = found[1:]
    if len(found) < 2:
        shape = [list(each.shape) for each in tensors(out)]
        raise CannotJudge("check_shape", expected=f"h, c {list(like.shape)}", found=shape)
    return found[:2]


def part_of(x: Tensor, h: Tensor, c: Tensor, P: Weights) -> Part:
    """Tells what a product reads by its values."""

    def part(use: Use) -> str:
        v, width = use.x, h.shape[-1]
        if use.kind == "add":
            return "b" if use.weight(P).numel() % width == 0 else ""
        if same_values(v, c) or (use.kind == "scale" and use.weight(P).numel() == width):
            return "c"
        if use.kind != "linear":
            return ""
        if same_values(v, x):
            return "x"
        if same_values(v, h):
            return "h"
        if v.shape[-1] == x.shape[-1] + width:
            return "xh" if same_values(v[..., : x.shape[-1]], x) else "hx"
        return ""

    return part


def read(trace: Trace, P: Weights, inputs: Sequence[Tensor]) -> tuple[list[Meant], list[Use]]:
    """What the weights may mean, and the uses that no cell has."""
    x, h, c = inputs
    widths = Widths(h.shape[-1], x.shape[-1])
    for call in trace.named("lstm_cell"):
        made = [each.make for each in call.made[3:] if each]
        if len(made) in (2, 4):
            return [Meant("torch's", torch_cell(made))], []
    found = distinct(uses(trace, P), P)
    part = part_of(x, h, c, P)
    extra = spare(unused(trace, P), P)
    return list(meanings(found, part, P, widths, extra)), [u for u in found if not part(u)]


def torch_cell(made: Sequence[Callable[[Weights], Tensor]]) -> Callable[[Weights], dict[str, Any]]:
    """The slots of torch's own cell: w_ih, w_hh, and where it has them b_ih, b_hh; in i f g o."""

    def make(P: Weights) -> dict[str, Any]:
        Wx, Wh = (made[k](P).chunk(4) for k in (0, 1))
        b = sum((each(P) for each in made[2:]), torch.zeros(4 * Wx[0].shape[0])).chunk(4)
        return {"Wx": dict(zip("ifgo", Wx)), "Wh": dict(zip("ifgo", Wh)),
                "b": dict(zip("ifgo", b)), "peep": {}}  # fmt: skip

    return make


def explained(
    trace: Trace, P: Weights, inputs: Sequence[Tensor], out: Sequence[Tensor]
) -> tuple[Fit | None, list[Use]]:
    """The fit, states taken as (h, c), else as (c, h)."""
    fits: list[Fit] = []
    other: list[Use] = []
    for turn in (False, True):
        x, h, c = (inputs[0], *(inputs[:0:-1] if turn else inputs[1:]))
        found, other = read(trace, P, (x, h, c))
        meant = [fixed(each, P) for each in found]
        given = {"x": x, "h": h, "c": c}
        wanted = torch.cat(list(out)[::-1] if turn else list(out), -1)
        with torch._C.DisableTorchFunction():  # nothing of ours needs a mode, which takes time
            fit = search(cell, given, meant, P, wanted, trace, (FORMS,), (*FAULTS, *RETURNS))
            if fit and not (fit.right or fit.fault or turn or other):
                fit = two(given, meant, P, wanted, trace) or fit
        if fit:  # its weights made of the user's again
            live = next(each for each in found if each.said == fit.meant.said)
            fit = replace(fit, meant=live)
        if fit and (fit.right or not turn):
            fits.append(fit)
        if fit and (fit.right or fit.fault):
            break
    return max(fits, key=lambda fit: fit.right, default=None), other


def fixed(meant: Meant, P: Weights) -> Meant:
    """A meaning with the weights of now, made once."""
    made = weights(meant, P) or {}
    return Meant(meant.said, lambda P: made)


def two(
    given: Mapping[str, Any], meant: Sequence[Meant], P: Weights, wanted: Tensor, trace: Trace
) -> Fit | None:
    """The two faults that give the user's states, of those at steps that the user's forward does
    not have; None."""
    ranked: list[tuple[int, Meant, dict[str, bool]]] = []
    for each in meant:
        steps, _ = attempt(cell, given, each, P)
        there = {name: trace.holds(value) for name, value in steps.log}
        ranked.append((sum(there.values()), each, there))
    ranked.sort(key=lambda each: -each[0])
    for _, each, seen in ranked[:4]:
        for pair in pairs(seen):
            steps, result = attempt(cell, given, each, P, *pair)
            error = float("inf") if result is None else difference(wanted, result)
            if error < TOLERANCE:
                log = tuple(steps.log)
                return Fit(
                    False, each, (FORMS[0], pair[1]), pair[0], error, tuple(seen.items()), log
                )
    return None


def pairs(there: Mapping[str, bool]) -> Iterator[tuple[Change, Change]]:
    """Faults of two steps that a user's forward does not have; none where it has nearly nothing."""
    if sum(there.values()) < len(there) // 3:
        return
    known = [f for f in FAULTS if any(not there.get(name, True) for name in f.steps)]
    for pair in itertools.combinations(known, 2):
        if not set(pair[0].steps) & set(pair[1].steps):
            yield pair


def judge(subject: Subject) -> None:
    """Structure, then the states and their gradients against the reference."""
    if not callable(subject.it):
        raise CannotJudge("check_call", call=subject.thing.name, wanted="(x, (h, c))")
    if not common.registered(subject):
        return
    way, inputs = asker(subject)
    x, h, c = inputs
    if not common.same_twice(subject, *way(x, h, c)):
        return

    def call(x: Tensor) -> Tensor:
        now = [s.detach().to(x.dtype) for s in (h, c)]
        return torch.cat(states(subject.run(*way(x, *now)), h), -1)

    if not common.batch_apart(subject, call, x.detach()):
        return
    common.spread(subject)
    out, trace = subject.record(*way(x, h, c))
    P = subject.parameters
    if not reads_hidden(subject, way, inputs, trace):
        return
    found = states(out, h)
    fit, other = explained(trace, P, inputs, found)
    if fit is None or (other and not (fit.right or fit.fault)):
        kinds = ", ".join(sorted({use.kind for use in other})) or "?"
        raise CannotJudge("check_lstm_other", what=kinds)
    if fit.fault:
        fit = replace(fit, fault=renamed(fit.fault, dict(fit.steps)))
    if not common.explain(subject, fit, trace):
        second(subject, fit, trace)
        if subject.found and not subject.found[-1].line:
            subject.found[-1] = replace(subject.found[-1], line=returns(subject))
    else:
        whole(subject, fit, P)
        joined = torch.cat(found, -1)
        common.learns(subject, joined, trace)
        common.gradients(subject, cell, dict(zip("xhc", inputs)), fit, joined)
        if not subject.found:
            common.coarser(subject, call, x.detach(), call(x.detach()))


def second(subject: Subject, fit: Fit, trace: Trace) -> None:
    """The other of two faults."""
    for fault in fit.variants[1:] if fit.fault else ():
        line = max((common.where(fit, trace, name) for name in fault.steps), default=0)
        subject.fault(fault.name, line, *subject.found[-1].evidence, **fault.facts)


def returns(subject: Subject) -> int:
    """The line of the forward's last return; 0."""
    lines = lines_where(subject.forward, lambda node: isinstance(node, ast.Return))
    return lines[-1] if lines else 0


def whole(subject: Subject, fit: Fit, P: Weights) -> None:
    """Every gate reads h. Fault: recurrent_input_missing."""
    coupled = any(change.name == "coupled_gates" for change in fit.variants)
    for name, matrix in fit.meant.make(P)["Wh"].items():
        if not matrix.any() and not (coupled and name == "i"):
            evidence = (f"{LONG[name]} gate's weights of h", "some", "none")
            subject.fault("recurrent_input_missing", subject.line_in("forward"), evidence)
            return


USED = {"input": "added", "forget": "kept", "output": "h_new"}


def renamed(fault: Change, there: Mapping[str, bool]) -> Change:
    """A gate that is computed, while another stands in its place, is unused, not its weights."""
    name = str(fault.facts.get("gate"))
    if fault.name != "gate_reused" or name not in USED or not there.get(f"pre_{name[0]}"):
        return fault
    return Change(f"{name}_gate_unused", {USED[name]: fault.steps[f"pre_{name[0]}"]})


def reads_hidden(
    subject: Subject, way: Callable[..., Any], inputs: Sequence[Tensor], trace: Trace
) -> bool:
    """The next states depend on h. Fault: recurrent_input_missing."""
    x, h, c = inputs
    before, after = (torch.cat(states(subject.run(*way(x, each, c)), h), -1) for each in (h, h + 1))
    products = [use for use in uses(trace, subject.parameters) if use.kind == "linear"]
    if not torch.equal(before, after) or any(same_values(use.x, c) for use in products):
        return True
    line = products[0].line if products else subject.line_in("forward")
    D = c.shape[-1]
    ends = [(use, use.x[..., cut]) for use in products if use.x.shape[-1] == x.shape[-1] + D
            for cut in (slice(-D, None), slice(D))]  # fmt: skip
    for use, end in ends:
        if same_values(end, c):
            joined = trace.line_of(use.x) or use.line
            evidence = ("what is joined with x", "h", "c")
            subject.fault("gate_reads_cell", joined, evidence)
            return False
    evidence = ("next states when h changes", "others", "the same")
    subject.fault("recurrent_input_missing", line, evidence)
    return False


ROLE = Role(
    called=r"\w*lstm_?cell\w*|\w*lstm_?step|\w*lstm_?unit|long_?short_?term_?memory_?cell",
    sizes=Sizes({"hidden": D, "inputs": Q, "dropout": 0.5}, ("inputs", "hidden")),
    judge=judge,
)
