"""A user's forward as a graph of values, read off its trace: which was made of which, by what.

    N batch · L length · D width

Nothing here depends on names or on how a formula is written: a norm made by hand is known by its
values, a skip connection because one addend is an ancestor of the other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch

from etude.checking.products import Use, uses
from etude.checking.trace import Call, Made, Trace, Weights, tensors
from etude.shapes import Tensor

LAYOUT = (
    "view", "reshape", "transpose", "permute", "contiguous", "flatten", "unflatten", "squeeze",
    "unsqueeze", "clone", "to", "float", "double", "type", "type_as", "t", "T", "mT", "expand",
    "expand_as", "swapaxes", "swapdims", "movedim", "moveaxis", "alias", "view_as", "reshape_as",
    "requires_grad", "detach",
)  # fmt: skip
"""Calls that move numbers and change none."""
DROP = ("dropout", "dropout1d", "dropout2d", "feature_dropout", "alpha_dropout")
ACTIVATIONS = (
    "gelu", "relu", "silu", "leaky_relu", "elu", "selu", "celu", "mish", "tanh", "sigmoid",
    "hardswish", "hardtanh", "softplus", "relu6", "softsign", "prelu", "hardsigmoid", "glu",
    "logsigmoid", "threshold", "rrelu", "tanhshrink", "softshrink",
)  # fmt: skip
NORMS = ("layer_norm", "rms_norm", "batch_norm", "group_norm", "instance_norm")
KINDS = {
    **dict.fromkeys(LAYOUT, "layout"), **dict.fromkeys(DROP, "drop"),
    **dict.fromkeys(ACTIVATIONS, "act"), **dict.fromkeys(NORMS, "norm"),
    "softmax": "softmax", "scaled_dot_product_attention": "softmax", "cat": "join",
    "concat": "join", "concatenate": "join", "embedding": "table", "mean": "pick", "amax": "pick",
    "max": "pick", "getitem": "pick", "select": "pick", "index_select": "pick",
    "chunk": "part", "split": "part", "unbind": "part", "tensor_split": "part", "narrow": "part",
}  # fmt: skip
FAR = 16
"""Calls back in which the input of a norm made by hand is looked for."""


@dataclass(eq=False)
class Node:
    """A value that depends on the input. kind: of the call that made it; of: the values that it was
    made of; beside: what else went in, made of parameters, or None where constant; before: a bit
    for each of its ancestors and for itself."""

    kind: str
    value: Tensor
    of: tuple["Node", ...]
    line: int = 0
    call: Call | None = None
    use: Use | None = None
    beside: tuple[tuple[Tensor, Made | None], ...] = ()
    number: int = 0
    before: int = 0
    norm: "Norm | bool | None" = field(default=False, repr=False)

    @property
    def name(self) -> str:
        """Of the call."""
        return self.call.name.strip("_") if self.call else ""

    @property
    def names(self) -> tuple[str, ...]:
        """The user's parameters in its call."""
        return self.call.names if self.call else ()

    def comes_of(self, other: "Node") -> bool:
        """Whether the other is an ancestor of this one, or this one itself."""
        return bool(self.before >> other.number & 1)


@dataclass(frozen=True, eq=False)
class Norm:
    """What a value is the norm of. said: layer_norm, rms_norm, batch_norm, or the wrong axis."""

    of: Node
    said: str
    names: tuple[str, ...]


class Graph:
    """All values that depend on the inputs, in the order in which they came to be."""

    def __init__(self, trace: Trace, P: Weights, inputs: Sequence[Tensor]) -> None:
        self.trace, self.P = trace, P
        self.nodes: list[Node] = []
        self.given: dict[int, Node] = {}
        self._out: dict[tuple[int, int], Node] = {}
        self.uses = {use.call.number: use for use in uses(trace, P) if use.call}
        for each in inputs:
            self._input(each)
        for call in trace.calls:
            if any(call.data):
                self._add(call)

    def _keep(self, node: Node) -> Node:
        node.number = len(self.nodes)
        node.before = 1 << node.number
        for each in node.of:
            node.before |= each.before
        self.nodes.append(node)
        return node

    def _input(self, value: Tensor) -> Node:
        if id(value) not in self.given:
            self.given[id(value)] = self._keep(Node("input", value.detach(), ()))
        return self.given[id(value)]

    def _add(self, call: Call) -> None:
        values = list(tensors((call.args, call.kwargs)))
        of, beside = [], []
        for value, kept, data, made, source in zip(
            values, call.ins, call.data, call.made, call.sources
        ):
            if not data:
                beside.append((kept, made))
            elif isinstance(source, tuple) and source in self._out:
                of.append(self._out[source])
            else:
                of.append(self._input(value))
        use = self.uses.get(call.number)
        kind = self._kind(call, len(of), beside, use)
        if not of:
            return
        for i, out in enumerate(call.outs):
            node = Node(kind, out, tuple(of), call.line, call, use, tuple(beside))
            self._out[call.number, i] = self._keep(node)

    def _kind(
        self, call: Call, count: int, beside: Sequence[tuple[Tensor, Made | None]], use: Use | None
    ) -> str:
        name = call.name.strip("_")
        made = [each for each, made in beside if made]
        if use is not None and use.kind == "linear":
            return "linear"
        if name in ("getitem", "select") and call.outs[0].numel() == call.ins[0].numel():
            return "layout"
        if name in ("conv1d", "conv2d") and made:
            return "linear" if made[0].shape[2:].numel() == 1 else "conv"
        if name in ("add", "iadd", "radd"):
            if count == 2:
                return "sum" if call.ins[0].shape == call.ins[1].shape else "other"
            if not beside:  # a number, the zero of `sum` maybe
                return "layout" if torch.equal(call.ins[0], call.outs[0]) else "other"
            if len(made) == 1 and made[0].numel() == call.outs[0].shape[-1]:
                return "shift"
            return "place"
        if name in ("mul", "imul", "rmul") and count == 1:
            if len(made) == 1 and made[0].numel() in (1, call.outs[0].shape[-1]):
                return "scale"
            return "times"
        if name in ("div", "truediv", "itruediv", "idiv") and count == 1:
            return "times"
        return KINDS.get(name, "other")

    @cached_property
    def sums(self) -> dict[int, "Residual"]:
        """The sums of a value and what was made of it, by the node's number."""
        found = ((node.number, residual(node)) for node in self.nodes)
        return {number: each for number, each in found if each}

    @cached_property
    def _marks(self) -> tuple[int, int]:
        """Bits of the sums with a skip, and of all that looks from token to token."""
        softmax = [node.number for node in self.nodes if node.kind == "softmax"]
        return sum(1 << n for n in self.sums), sum(1 << n for n in softmax)

    def deep(self, node: Node) -> bool:
        """Whether a value comes of a sublayer."""
        return any(node.before & mark for mark in self._marks)

    def out(self, value: Tensor) -> Node | None:
        """The last node that holds this value."""
        for node in reversed(self.nodes):
            if node.value.shape == value.shape and _equal(node.value, value.detach()):
                return node
        return None

    def norm(self, node: Node) -> Norm | None:
        """What this is the norm of, over its last axis (or another); None where it is none."""
        if node.norm is False:
            node.norm = self._norm(node)
        assert not isinstance(node.norm, bool)
        return node.norm

    def _norm(self, node: Node) -> Norm | None:
        if node.kind == "norm":
            return Norm(core(node.of[0]), self._said(node), node.names)
        if node.kind not in ("scale", "shift", "times", "other", "sum", "place"):
            return None
        if node.number in self.sums:
            return None
        if node.kind in ("scale", "shift") and (inner := self.norm(core(node.of[0]))):
            return Norm(inner.of, inner.said, (*inner.names, *node.names))
        best: Norm | None = None
        for other in self._near(node):
            if said := normalised(node.value, other.value):
                names = tuple(n for each in self._between(other, node) for n in each.names)
                best = Norm(core(other), said, tuple(dict.fromkeys(names)))
        return best

    def _said(self, node: Node) -> str:
        if node.name == "layer_norm":
            plain = all(made is None or len(v.shape) == 1 for v, made in node.beside)
            own = node.value.shape[-1:]
            right = plain and all(v.shape == own for v, made in node.beside if made)
            return "layer_norm" if right else "other_axis"
        return node.name

    def _near(self, node: Node) -> Iterator[Node]:
        """Ancestors of the same shape, a few calls back, the nearest first."""
        for other in reversed(self.nodes[: node.number]):
            if node.number - other.number > FAR:
                return
            if node.comes_of(other) and other.value.shape == node.value.shape:
                yield other

    def _between(self, low: Node, high: Node) -> list[Node]:
        return [
            n
            for n in self.nodes[low.number + 1 : high.number + 1]
            if n.comes_of(low) and high.comes_of(n) and n.call
        ]


def _equal(a: Tensor, b: Tensor) -> bool:
    return torch.equal(a, b) or bool(torch.isclose(a, b, rtol=0, atol=0, equal_nan=True).all())


def core(node: Node) -> Node:
    """A value without moves of its numbers, without dropout, without constant factors."""
    while node.kind in ("layout", "drop") or (node.kind == "times" and len(node.of) == 1):
        node = node.of[0]
    return node


WORK = ("linear", "softmax", "conv", "norm")


@dataclass(frozen=True, eq=False)
class Residual:
    """A sum of a value and of what was made of it. skips: as it is added, twice perhaps; lines: of
    the sums that it consists of."""

    skips: tuple[Node, ...]
    branches: tuple[Node, ...]
    lines: frozenset[int]


def residual(node: Node) -> Residual | None:
    """A sum one of whose terms is an ancestor of the others; None of another value. Sums within it
    that nothing else reads are part of it: `x + a + b` has the terms x, a and b."""
    if node.kind != "sum":
        return None
    terms, lines = list(node.of), {node.line}
    while True:
        inner = next(
            (t for t in terms if core(t).kind == "sum" and not _read(core(t), t, terms)), None
        )
        if inner is None:
            break
        place = terms.index(inner)
        lines.add(core(inner).line)
        terms[place : place + 1] = core(inner).of
    for skip in terms:
        base = core(skip)
        same = tuple(t for t in terms if core(t) is base)
        rest = tuple(t for t in terms if core(t) is not base)
        if rest and all(core(t).comes_of(base) and works(base, core(t)) for t in rest):
            return Residual(same, rest, frozenset(lines))
    return None


def _read(base: Node, term: Node, terms: Sequence[Node]) -> bool:
    return any(core(t).comes_of(base) for t in terms if t is not term)


def works(low: Node, high: Node) -> bool:
    """Whether more than a few element-wise steps lie between two values."""
    todo, seen = [high], set()
    while todo:
        node = todo.pop()
        if node is low or node.number in seen or not node.comes_of(low):
            continue
        seen.add(node.number)
        if node.kind in WORK:
            return True
        todo += node.of
    return False


def normalised(v: Tensor, u: Tensor) -> str:
    """Which norm of u this is, up to a scale and a shift for each channel; '' if none."""
    if v.ndim < 2 or v.shape[-1] < 3 or not (v.is_floating_point() and u.is_floating_point()):
        return ""
    if v.flatten(0, -2).shape[0] < 4:
        return ""
    x = u.double()
    forms = {"layer_norm": _centred(x, (-1,)), "rms_norm": _rooted(x, (-1,))}
    if v.ndim >= 3:
        forms["tokens"] = _centred(x, (-2,))
        forms["samples"] = _centred(x, (0,))
        forms["other_axis"] = _centred(x, tuple(range(1, v.ndim)))
    for said, form in forms.items():
        if torch.isfinite(form).all() and _affine(v.double().flatten(0, -2), form.flatten(0, -2)):
            return said
    return ""


def _centred(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    centre = x - x.mean(axes, keepdim=True)
    return centre / centre.pow(2).mean(axes, keepdim=True).sqrt()


def _rooted(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    return x / x.pow(2).mean(axes, keepdim=True).sqrt()


def _affine(v: Tensor, form: Tensor) -> bool:
    """Whether each channel of v is a scale and a shift of that of the form: [R D] each."""
    v0, f0 = v - v.mean(0), form - form.mean(0)
    spread = f0.pow(2).sum(0)
    if float(spread.min()) < 1e-12 or float(v0.abs().max()) < 1e-9:
        return False
    slope = (v0 * f0).sum(0) / spread
    left = v0 - slope * f0
    return float(left.abs().max()) < 2e-3 * float(v0.abs().max())
