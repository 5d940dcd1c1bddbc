"""The MLP of a block, by its values: two products with an activation between them, or a gated form.

N batch · L length · D width · M hidden width
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F

from etude.checking.fit import difference
from etude.checking.graph import ACTIVATIONS, Graph, Node, core
from etude.checking.sublayers import Sublayer
from etude.checking.trace import TOLERANCE
from etude.shapes import Tensor

KNOWN: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "relu": F.relu,
    "silu": F.silu,
    "leaky_relu": F.leaky_relu,
    "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),
    "squared_relu": lambda x: F.relu(x) ** 2,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "elu": F.elu,
    "mish": F.mish,
}
PLAIN = ("linear", "part", "shift", "pick")
GATED = {"silu": "swiglu", "gelu": "geglu", "gelu_tanh": "geglu", "sigmoid": "glu", "relu": "reglu"}


def form(graph: Graph, each: Sublayer) -> tuple[str, str]:
    """(variant, "") of a right form, "" for GELU's; or ("", the fault); or ("", "?")."""
    last = each.last
    if last.kind == "act" and core(last.of[0]).kind == "linear":
        return "", "extra_activation"
    if last.kind != "linear" or len(each.region.kinds("conv")):
        return "", "?"
    hidden = core(last.of[0])
    if inner := graph.norm(hidden):  # a norm in the middle
        hidden = inner.of
    before = [node for node in each.region.kinds("linear") if node is not last]
    if hidden.kind in PLAIN:
        return "", "mlp_without_activation"
    for node in before:
        if said := activation(node.value, hidden.value):
            reads = core(node.of[0])
            if not any(reads in (entry, core(entry)) for entry in each.entries):
                return "", "?"  # a third product before it
            return "" if said == "gelu" else said, ""
    if hidden.name in ("mul", "imul") and len(hidden.of) == 2:
        return _gated(hidden)
    if hidden.kind == "act" and core(hidden.of[0]).kind == "linear":
        return "other_activation", ""
    return "", "?"


def activation(x: Tensor, y: Tensor) -> str:
    """Which function of each number leads from x to y; ''."""
    if x.numel() != y.numel():
        return ""
    for said, how in KNOWN.items():
        made = how(x.double())
        if difference(made.flatten().sort().values, y.flatten().sort().values) < TOLERANCE:
            return said
    return ""


def _gated(hidden: Node) -> tuple[str, str]:
    """act(a) * b, with a and b products, or parts of one."""
    pair = [core(each) for each in hidden.of]
    for gate, value in (pair, pair[::-1]):
        source = core(gate.of[0]) if gate.of else gate
        if value.kind in PLAIN and (said := activation(source.value, gate.value)):
            return GATED.get(said, "gated"), ""
    if any(each.kind == "act" for each in pair) or any(each.name in ACTIVATIONS for each in pair):
        return "gated", ""
    return "", "?"
