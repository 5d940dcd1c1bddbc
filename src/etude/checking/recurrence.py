"""The reference of an LSTM over a sequence, and its cells read from a user's forward.

N batch · L steps · E width of what a layer reads · D hidden width · K layers
Y [N L D], both directions side by side · hn, cn [K N D], twice as many when bidirectional
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from etude.checking.cell_program import cell
from etude.checking.fit import Meant, attempt
from etude.checking.gates import Widths, distinct, meanings
from etude.checking.products import Use, spare, unused, uses
from etude.checking.program import Change, Steps
from etude.checking.roles.lstm_cell import torch_cell
from etude.checking.trace import Call, Made, Trace, Weights
from etude.shapes import Tensor

States = tuple[Tensor, Tensor]


def walk(s: Steps, X: Tensor, weights: Mapping[str, Any], backwards: bool, start: States) -> Any:
    """One direction of one layer: X [N L E] -> Y [N L D], and the last h and c."""
    (h, c), shown = start, []
    X = s.other("turn", _flip)(X) if backwards else X
    for t in range(X.shape[1]):
        h, c = s.other("carry", lambda h, c: (h, c))(h, c)
        h, c = s.play(cell, x=X[:, t], h=h, c=c, **weights).chunk(2, -1)
        shown.append(h)
    Y = torch.stack(shown, 1)
    return (s.other("back", _flip)(Y) if backwards else Y), (h, c)


def _flip(X: Tensor) -> Tensor:
    return X.flip(1)


def nothing(s: Steps, weights: Mapping[str, Any]) -> States:
    """The states before the first step: zeros [N D], as wide as these weights say."""
    zero = s.x.new_zeros(s.x.shape[0], weights["Wh"]["o"].shape[0])
    return zero, zero


def stacked(ends: Sequence[Tensor]) -> Tensor:
    """The last states [K N D]; of the last layers alone, where others are not as wide."""
    return torch.stack([end for end in ends if end.shape == ends[-1].shape])


def by_layer(s: Steps) -> Tensor:
    """A layer's whole sequence, then the next layer's."""
    inputs: Tensor = s.x
    ends: list[States] = []
    for layer in s.layers:
        shown = []
        for d, weights in enumerate(layer):
            start = s.other("start", lambda ends, zero: zero)(ends, nothing(s, weights))
            read = s.other("reads", lambda s, below: below)(s, inputs)
            Y, end = walk(s, read, weights, d == 1, start)
            ends.append(end)
            shown.append(Y)
        inputs = torch.cat(shown, -1)
    s.step("hn", lambda s: stacked([h for h, _ in ends]))
    s.step("cn", lambda s: stacked([c for _, c in ends]))
    return inputs


def by_step_shared(s: Steps) -> Tensor:
    """A step through all layers, then the next step, with one h and c for all of them: a fault."""
    (h, c), shown = nothing(s, s.layers[0][0]), []
    for t in range(s.x.shape[1]):
        inputs = s.x[:, t]
        for (weights,) in s.layers:
            h, c = s.play(cell, x=inputs, h=h, c=c, **weights).chunk(2, -1)
            inputs = h
        shown.append(h)
    s.step("hn", lambda s: h[None])
    s.step("cn", lambda s: c[None])
    return torch.stack(shown, 1)


def lstm(s: Steps) -> Tensor:
    """From s.x [N L E] and s.layers (the directions' weights of each) to what is read of Y."""
    s.step("Y", lambda s: s.other("walked", by_layer)(s))
    read: Tensor = s.step("read", lambda s: s.Y)
    return read


ZERO = torch.zeros_like
FAULTS = (
    Change("state_not_carried", {"carry": lambda h, c: (ZERO(h), ZERO(c))}, {"state": "h, c"}),
    Change("state_not_carried", {"carry": lambda h, c: (ZERO(h), c)}, {"state": "h"}),
    Change("state_not_carried", {"carry": lambda h, c: (h, ZERO(c))}, {"state": "c"}),
    Change("second_layer_reads_input", {"reads": lambda s, below: s.x}),
    Change("layers_share_state", {"walked": by_step_shared}),
    Change("layers_share_state", {"start": lambda ends, zero: ends[-1] if ends else zero}),
    Change("outputs_reversed", {"back": lambda Y: Y}),
    Change("outputs_reversed", {"Y": lambda s: by_layer(s).flip(1)}),
    Change("backward_reads_forward", {"turn": lambda X: X, "back": lambda Y: Y}),
    Change("backward_reads_forward", {"turn": lambda X: X}),
)


@dataclass(frozen=True)
class Reading:
    """What a forward's recurrence is made of. meant: likeliest first; x: what its first layer
    reads, [N L E]; head: what is read of it later; trusted: torch's own recurrence; other: uses
    that no LSTM has; line: where its last layer begins."""

    meant: list[Meant]
    x: Tensor
    head: list[Use]
    trusted: bool
    other: list[Use]
    line: int = 0


def read(
    trace: Trace, P: Weights, x: Tensor, D: int, depth: int, skipped: int = 0
) -> Reading:  # fmt: skip
    """x [N L E]: the user's input, batch first; skipped: products before the first cell."""
    found = uses(trace, P)
    calls = [call for call in trace.named("lstm") if any(call.made)]
    if calls:
        layers, first = _torch(calls)
        names = {name for call in calls for name in call.names}
        head = [use for use in found if use.kind == "linear" and not names & set(use.names)]
        head = [use for use in head if _after(trace, use, calls[0])]
        meant = _stacked(layers, 0)
        last = {call.names: call.line for call in reversed(calls)}[calls[-1].names]
        return Reading(meant, x if first is None else first, head, True, [], last)
    single = [call for call in trace.named("lstm_cell") if all(call.made[3:])]
    if single:
        weights = [[made for made in call.made[3:] if made] for call in single]
        each = {tuple(made.names for made in four): _slots(four) for four in weights}
        head = [use for use in found if use.kind == "linear" and _after(trace, use, single[0])]
        meant = _stacked([[make] for make in each.values()], max(depth, len(single) // x.shape[1]))
        return Reading(meant, _fed(single, x), head, False, [], single[len(each) - 1].line)
    kinds = distinct(found, P)
    front = [use for use in kinds if use.kind == "linear"][:skipped]
    kinds = [use for use in kinds if not any(use is each for each in front)]
    cells, rest = cells_of(kinds, P, D, x.shape[-1])
    x = _read_by(cells[0], found, x, D) if cells else x
    keys = {use.names for each in cells for use, _ in each}
    keys |= {use.names for use in front}
    head = [use for use in found if use.kind == "linear" and use.names not in keys]
    extra = spare(unused(trace, P), P) if len(cells) == 1 else []
    options = [_meanings(each, P, D, extra) for each in cells]
    meant = []
    for k in likeliest(options[0], trace, P, x, D) if options else []:
        chosen = [each[k].make for each in options if k < len(each)]
        if len(chosen) == len(options) and not any(use.shape(P)[0] == 4 * D for use in head):
            meant += _stacked([[make] for make in chosen], depth)
    return Reading(meant, x, head, False, rest, cells[-1][0][0].line if cells else 0)


def widths_of(P: Weights, said: int, usual: int) -> list[int]:
    """The hidden widths that the weights may have: what is said; a gate's, of four in one matrix or
    of a square one; the usual one."""
    shapes = [tuple(p.shape) for p in P.values() if p.ndim == 2]
    fused = [min(shape) for shape in shapes if max(shape) == 4 * min(shape)]
    squares = [shape[0] for shape in shapes if shape[0] == shape[1]]
    biases = [p.numel() // 4 for p in P.values() if p.ndim == 1 and p.numel() % 4 == 0]
    biases += [p.numel() for p in P.values() if p.ndim == 1]
    return [w for w in dict.fromkeys((said, *fused, *squares, usual, *biases)) if w]


def _fed(single: Sequence[Call], x: Tensor) -> Tensor:
    """What the first cell reads, step by step [N L E]: x itself, or what a layer made of it."""
    first = single[0]
    if first.ins[0].shape == x[:, 0].shape and torch.equal(first.ins[0], x[:, 0]):
        return x
    calls = [call for call in single if call.names == first.names]
    times, left = divmod(len(calls), x.shape[1])
    if left or not times:
        return x
    deep = times > 1 and torch.equal(calls[1].ins[0], calls[0].outs[0])
    picked = calls[::times] if deep else calls[: x.shape[1]]
    return torch.stack([call.ins[0] for call in picked], 1)


def _read_by(first: "Told", found: Sequence[Use], x: Tensor, D: int) -> Tensor:
    """What the first cell reads, step by step [N L E]: x itself, or what a layer made of it."""
    cuts = {"x": slice(None), "xh": slice(None, -D), "hx": slice(D, None)}
    lead, which = next(((use, w) for use, w in first if w in cuts), (None, ""))
    if lead is None:
        return x
    each = [use.x[..., cuts[which]] for use in found if use.names == lead.names]
    if len(each) == 1 and each[0].ndim == 3:
        turned = each[0].shape[:2] != x.shape[:2]
        return each[0].transpose(0, 1) if turned else each[0]
    if len(each) == x.shape[1] and each[0].shape[:1] == x.shape[:1]:
        return torch.stack(each, 1)
    return x


def _after(trace: Trace, use: Use, call: Call) -> bool:
    calls = [id(each) for each in trace.calls]
    return use.call is not None and calls.index(id(use.call)) > calls.index(id(call))


Slots = Callable[[Weights], Mapping[str, Any]]


def _torch(calls: Sequence[Call]) -> tuple[list[list[Slots]], Tensor | None]:
    """The cells of torch's LSTMs, by layer; and what the first reads, None where it is not one
    whole sequence."""
    layers: list[list[Slots]] = []
    names = []
    for call in calls:
        if call.names in names:
            continue
        names.append(call.names)
        packed = isinstance(call.args[1], torch.Tensor)
        made = [each for each in call.made[3 + packed :] if each]
        biases, both = bool(call.args[3 + packed]), bool(call.args[7 + packed])
        width = 4 if biases else 2
        cells = [_slots(made[k : k + width]) for k in range(0, len(made), width)]
        step = 2 if both else 1
        layers += [cells[k : k + step] for k in range(0, len(cells), step)]
    one, data = calls[0], calls[0].ins[0]
    if isinstance(one.args[1], torch.Tensor) or len(names) < len(calls):
        return layers, None
    return layers, data if one.args[8] else data.transpose(0, 1)


def _slots(made: Sequence[Made]) -> Slots:
    return torch_cell([each.make for each in made])


def _stacked(layers: Sequence[Sequence[Slots]], depth: int) -> list[Meant]:
    """The cells one over the other; or two and two as directions; or fewer than there are layers,
    the last one used again."""
    ways = {"layers": [list(layer) for layer in layers]}
    if len(layers) % 2 == 0 and all(len(layer) == 1 for layer in layers):
        pairs = [[layers[k][0], layers[k + 1][0]] for k in range(0, len(layers), 2)]
        ways["directions"] = pairs
        ways["directions, backward first"] = [pair[::-1] for pair in pairs]
    if 0 < len(layers) < depth and all(len(layer) == 1 for layer in layers):
        ways["shared"] = [list(layer) for layer in layers] + [list(layers[-1])] * (
            depth - len(layers)
        )
    return [Meant(said, _whole(way)) for said, way in ways.items()]


def _whole(layers: Sequence[Sequence[Slots]]) -> Callable[[Weights], dict[str, Any]]:
    return lambda P: {"layers": [[make(P) for make in layer] for layer in layers]}


# Cells of the user's own --------------------------------------------------------------------------


Told = list[tuple[Use, str]]
"""The uses of one cell, and what each reads: "x", "h", "xh", "hx", "b"."""


def told(use: Use, P: Weights, D: int) -> str:
    """What a product reads, while states are still zero, as they are at first; '' if it is none of
    a cell's."""
    if use.kind == "add":
        return "b" if use.weight(P).numel() % D == 0 else ""
    if use.kind == "scale" and use.weight(P).numel() == D:
        return "c"
    if use.kind != "linear" or use.shape(P)[0] % D:
        return ""
    data = use.x
    if not data.any():
        return "h" if data.shape[-1] == D else ""
    if data.shape[-1] > D and not data[..., -D:].any():
        return "xh"
    if data.shape[-1] > D and not data[..., :D].any():
        return "hx"
    return "x"


def cells_of(found: Sequence[Use], P: Weights, D: int, Q: int) -> tuple[list[Told], list[Use]]:
    """The cells in order of their first steps, and what is left. A state that is not zero at first
    is told by its turn."""
    cells: list[Told] = []
    now: Told = []
    rest: list[Use] = []

    def height(letter: str) -> int:
        return sum(u.shape(P)[0] for u, which in now if u.kind == "linear" and letter in which)

    def full() -> bool:
        return height("x") >= 4 * D and height("h") >= 4 * D

    joint = ""
    for use in found:
        which = told(use, P, D)
        if not which or (which in "bc" and not now):
            rest.append(use)
            continue
        if use.kind == "linear" and full():
            cells.append(now)
            now = []
        if which == "x" and joint and use.x.shape[-1] in (Q + D, 2 * D):
            which = joint
        if which == "x" and use.x.shape[-1] == D and height("x") >= 4 * D:
            which = "h"
        joint = which if len(which) == 2 else joint
        now.append((use, which))
    if now and (full() or not cells):
        cells.append(now)
    else:
        rest += [use for use, _ in now]
    return cells, rest


def _meanings(each: Told, P: Weights, D: int, extra: Sequence[Use]) -> list[Meant]:
    """What the products of one cell may be."""
    parts = {id(use): which for use, which in each}
    width = D
    for use, which in each:
        if which[:1] == "x" or which == "hx":
            width = use.shape(P)[1] - (D if len(which) == 2 else 0)
            break
    uses = [use for use, _ in each]
    return list(meanings(uses, lambda use: parts[id(use)], P, Widths(D, width), extra))


def likeliest(meant: Sequence[Meant], trace: Trace, P: Weights, x: Tensor, D: int) -> list[int]:
    """Which meanings share most with the first step of the user's first cell."""
    zero = x.new_zeros(x.shape[0], D)
    counts = []
    for each in meant:
        given = {"x": x[:, 0], "h": zero, "c": zero}
        steps, _ = attempt(cell, given, each, P)
        counts.append(sum(trace.holds(v) for name, v in steps.log if v.any() and name != "joined"))
    order = sorted(range(len(meant)), key=lambda k: -counts[k])
    return order[:4]
