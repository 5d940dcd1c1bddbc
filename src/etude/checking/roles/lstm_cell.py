"""An LSTM cell: one step, x [N Q] and the states h, c [N D] -> the next h, c.

    N batch · Q input features · D hidden width · gates i input, f forget, g candidate, o output

S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory" (1997), with the forget gate of F. Gers et
al. (2000); equations as in torch.nn.LSTMCell.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch.nn.parameter import UninitializedParameter

from etude.checking import common
from etude.checking.build import Sizes, needed, takes
from etude.checking.fit import Fit, Meant, search
from etude.checking.gates import Part, Widths, distinct, meanings
from etude.checking.products import Use, spare, unused, uses
from etude.checking.program import Change, Steps
from etude.checking.roles import Role
from etude.checking.source import CannotJudge, lines_where
from etude.checking.subject import Subject
from etude.checking.trace import Trace, Weights, same_values, tensors
from etude.shapes import Tensor

N, Q, D = 3, 5, 4
Ask = Callable[[Tensor, Tensor, Tensor], Any]


def gate(s: Steps, name: str, c: Tensor) -> Tensor:
    """What a gate's function gets: from s.x and s.h, and c where it has a peephole."""
    made: Tensor = s.x @ s.Wx[name].mT + s.h @ s.Wh[name].mT + s.b[name]
    if name in s.peep:
        weight = s.peep[name]
        made = made + (c * weight if weight.ndim == 1 else c @ weight.mT)
    return made


def closed(s: Steps, x: Tensor) -> Tensor:
    """By a gate's function: the sigmoid, or what it was exchanged for."""
    made: Tensor = s.other("gate", torch.sigmoid)(x)
    return made


def cell(s: Steps) -> Tensor:
    """From s.x [N E], s.h, s.c [N D] to the next h and c side by side [N 2D]; weights by gate."""
    s.step("pre_i", lambda s: gate(s, "i", s.c))
    s.step("pre_f", lambda s: gate(s, "f", s.c))
    s.step("pre_g", lambda s: gate(s, "g", s.c))
    s.step("f", lambda s: closed(s, s.pre_f))
    s.step("i", lambda s: closed(s, s.pre_i))
    s.step("g", lambda s: torch.tanh(s.pre_g))
    s.step("kept", lambda s: s.f * s.c)
    s.step("added", lambda s: s.i * s.g)
    s.step("c_new", lambda s: s.kept + s.added)
    s.step("pre_o", lambda s: gate(s, "o", s.c_new))
    s.step("o", lambda s: closed(s, s.pre_o))
    s.step("squashed", lambda s: torch.tanh(s.c_new))
    s.step("h_new", lambda s: s.o * s.squashed)
    joined: Tensor = s.step("joined", lambda s: torch.cat([s.h_new, s.c_new], -1))
    return joined


FORMS = (
    common.plain("lstm"),
    Change("forget_bias", {"f": lambda s: closed(s, s.pre_f + 1)}),
    Change("coupled_gates", {"i": lambda s: 1 - s.f}),
    Change("hard_sigmoid", {"gate": F.hardsigmoid}),
    Change("hard_sigmoid", {"gate": lambda x: (0.2 * x + 0.5).clamp(0, 1)}),
)
LONG = {"i": "input", "f": "forget", "o": "output", "g": "candidate"}


def _gates() -> Iterator[Change]:
    """The same slip at each gate."""

    def pre(name: str) -> Callable[[Steps], Tensor]:
        return lambda s: getattr(s, f"pre_{name}")

    def without(name: str) -> Callable[[Steps], Tensor]:
        return lambda s: s.x @ s.Wx[name].mT + s.b[name]

    def of(name: str, x: str, h: str) -> Callable[[Steps], Tensor]:
        return lambda s: s.x @ s.Wx[x].mT + s.h @ s.Wh[h].mT + s.b[name]

    for name in "ifo":
        said = {"gate": LONG[name]}
        raw = pre(name)
        yield Change("gate_tanh", {name: lambda s, raw=raw: raw(s).tanh()}, said)
        yield Change("gate_not_squashed", {name: raw}, said)
        yield Change(
            "gate_squashed_twice", {name: lambda s, raw=raw: raw(s).sigmoid().sigmoid()}, said
        )
    for name in LONG:
        yield Change("recurrent_input_missing", {f"pre_{name}": without(name)})
    for name in LONG:
        for other in LONG:
            if other != name:
                facts = {"gate": LONG[name], "other": LONG[other]}
                for b, x, h in ((other,) * 3, (name, other, name), (name, name, other)):
                    yield Change("gate_reused", {f"pre_{name}": of(b, x, h)}, facts)


FAULTS = (
    Change("candidate_sigmoid", {"g": lambda s: torch.sigmoid(s.pre_g)}),
    Change("candidate_sigmoid", {"g": lambda s: torch.sigmoid(s.pre_g).tanh()}),
    Change("candidate_relu", {"g": lambda s: torch.relu(s.pre_g)}),
    Change("candidate_unused", {"added": lambda s: s.i * s.c}),
    Change("candidate_unused", {"added": lambda s: s.i}),
    Change("cell_squashed_by_sigmoid", {"squashed": lambda s: torch.sigmoid(s.c_new)}),
    Change("forget_inverted", {"kept": lambda s: (1 - s.f) * s.c}),
    Change("hidden_from_candidate", {"squashed": lambda s: torch.tanh(s.g)}),
    Change("hidden_from_candidate", {"squashed": lambda s: s.g}),
    Change(
        "cell_not_squashed", {"squashed": lambda s: s.c_new, "h_new": lambda s: s.o * s.c_new}
    ),
    Change("hidden_from_old_cell", {"squashed": lambda s: torch.tanh(s.c)}),
    Change("hidden_from_old_cell", {"squashed": lambda s: s.c}),
    Change("forget_gate_unused", {"kept": lambda s: s.c}),
    Change("cell_state_dropped", {"kept": lambda s: torch.zeros_like(s.c)}),
    Change("cell_state_dropped", {"kept": lambda s: s.f}),
    Change("input_gate_unused", {"added": lambda s: s.g}),
    Change("output_gate_unused", {"h_new": lambda s: s.squashed}),
    Change("candidate_not_squashed", {"g": lambda s: s.pre_g}),
    Change(
        "cell_state_squashed",
        {"c_new": lambda s: torch.tanh(s.kept + s.added), "squashed": lambda s: s.c_new},
    ),
    Change("cell_state_squashed", {"c_new": lambda s: torch.tanh(s.kept + s.added)}),
    Change(
        "cell_state_squashed", {"joined": lambda s: torch.cat([s.h_new, s.squashed], -1)}
    ),
    Change("forgets_hidden", {"kept": lambda s: s.f * s.h}),
    *_gates(),
    Change(
        "recurrent_input_missing",
        {f"pre_{g}": lambda s, g=g: s.x @ s.Wx[g].mT + s.b[g] for g in LONG},
    ),
)  # fmt: skip


def _returns(code: str, first: str, second: str, **facts: str) -> Change:
    """Others than the next h and c come back."""
    return Change(
        code, {"joined": lambda s: torch.cat([getattr(s, first), getattr(s, second)], -1)}, facts
    )


RETURNS = (
    _returns("states_returned_swapped", "c_new", "h_new"),
    _returns("old_state_returned", "h_new", "c", state="c"),
    _returns("old_state_returned", "h", "c_new", state="h"),
    _returns("hidden_returned_twice", "h_new", "h_new"),
)
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
        meant, other = read(trace, P, (x, h, c))
        given = {"x": x, "h": h, "c": c}
        wanted = torch.cat(list(out)[::-1] if turn else list(out), -1)
        fit = search(cell, given, meant, P, wanted, trace, (FORMS,), (*FAULTS, *RETURNS))
        if fit and (fit.right or not turn):
            fits.append(fit)
        if fit and (fit.right or fit.fault):
            break
    return max(fits, key=lambda fit: fit.right, default=None), other


def judge(subject: Subject) -> None:
    """Structure, then the states and their gradients against the reference."""
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
        if subject.found and not subject.found[-1].line:
            subject.found[-1] = replace(subject.found[-1], line=returns(subject))
    else:
        whole(subject, fit, P)
        joined = torch.cat(found, -1)
        common.learns(subject, joined, trace)
        common.gradients(subject, cell, dict(zip("xhc", inputs)), fit, joined)
        if not subject.found:
            common.coarser(subject, call, x.detach(), call(x.detach()))


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
