"""The uses of weights in a forward, read off its trace in the order in which they happen.

D width · H heads · d head width
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from einops import rearrange

from etude.checking.trace import Call, Make, Trace, Weights, same_values
from etude.shapes import Tensor


@dataclass(frozen=True)
class Use:
    """A product with weights, or another use of them. weight: of "linear" as [out in]."""

    kind: str
    names: tuple[str, ...]
    line: int
    weight: Make
    bias: Make | None
    call: Call | None = None

    @property
    def x(self) -> Tensor:
        """What went in."""
        assert self.call is not None
        return next(v for v, made in zip(self.call.ins, self.call.made) if made is None)

    @property
    def y(self) -> Tensor:
        """What came out."""
        assert self.call is not None
        return self.call.outs[0]

    def same(self, P: Weights) -> tuple[object, ...]:
        """Equal for two uses of the same weights, and not for two parts of one parameter."""
        return self.names, tuple(self.weight(P).detach().flatten().tolist())

    def shape(self, P: Weights) -> tuple[int, ...]:
        """Of the weight."""
        return tuple(self.weight(P).shape)


def uses(trace: Trace, P: Weights) -> list[Use]:
    """The uses of weights in a forward, in order; a bias added later belongs to its product."""
    found: list[Use] = []
    for call in trace.calls:
        name = call.name.strip("_")
        if not any(call.made) or all(call.made):
            continue
        use = _product(call, name) or _other(call, name)
        if use is None:
            continue
        last = found[-1] if found else None
        if use.kind == "add" and last and last.kind in ("linear", "conv") and last.bias is None:
            data = use.x
            if (
                data.shape[-1]
                and use.weight(P).numel() in last.shape(P)[:1]
                and same_values(data, last.y)
            ):
                names = last.names + use.names
                found[-1] = Use(
                    last.kind, names, last.line, last.weight, _flat(use.weight), last.call
                )
                continue
        found.append(use)
    return found


def _flat(make: Make) -> Make:
    return lambda P: make(P).flatten()


def _product(call: Call, name: str) -> Use | None:
    """A product of data with weights, as [out in]."""
    made = call.made
    if name == "linear":
        bias = made[2].make if len(made) > 2 and made[2] else None
        return Use("linear", call.names, call.line, made[1].make, bias, call) if made[1] else None
    if name == "addmm" and made[0] and made[2]:
        weight = made[2].make
        return Use("linear", call.names, call.line, lambda P: weight(P).mT, made[0].make, call)
    if name in ("matmul", "mm", "bmm", "rmatmul") and len(made) == 2:
        if made[1] and not made[0]:
            return Use("linear", call.names, call.line, _columns(made[1].make), None, call)
        if made[0] and not made[1]:
            return Use("linear", call.names, call.line, made[0].make, None, call)
    if name == "einsum" and len(made) == 2 and bool(made[0]) != bool(made[1]):
        made_of = _einsum(call)
        return Use("linear", call.names, call.line, made_of, None, call) if made_of else None
    return None


def _columns(make: Make) -> Make:
    """x @ W with W [in out], or [... H in d], as rows."""

    def rows(P: Weights) -> Tensor:
        weight = make(P)
        if weight.ndim == 1:
            return weight[None]
        if weight.ndim == 2:
            return weight.mT
        return rearrange(weight.flatten(0, -3), "h i o -> (h o) i")

    return rows


def _einsum(call: Call) -> Make | None:
    """The weight in an einsum as rows, in the order in which the output has its axes."""
    equation = next((a for a in call.args if isinstance(a, str)), "").replace(" ", "")
    left, arrow, out = equation.partition("->")
    operands = left.split(",")
    if not arrow or len(operands) != 2 or "." in equation:
        return None
    which = 0 if call.made[0] else 1
    w, x = operands[which], operands[1 - which]
    inner = [c for c in x if c in w and c not in out]
    outer = [c for c in out if c in w and c not in x]
    made = call.made[which]
    if made is None or sorted(inner + outer) != sorted(w):
        return None
    pattern = f"{' '.join(w)} -> ({' '.join(outer)}) ({' '.join(inner)})"
    return lambda P: rearrange(made.make(P), pattern)


KINDS = {
    "layer_norm": "norm", "batch_norm": "batch_norm", "conv2d": "conv", "conv1d": "conv",
    "embedding": "embedding", "add": "add", "iadd": "add", "radd": "add", "cat": "join",
    "concat": "join", "concatenate": "join", "mul": "scale", "imul": "scale", "rmul": "scale",
}  # fmt: skip


def _other(call: Call, name: str) -> Use | None:
    """What is done with weights other than a product."""
    kind = KINDS.get(name)
    made = [each for each in call.made if each]
    if kind is None:
        return None
    bias = made[1].make if len(made) > 1 else None
    return Use(kind, call.names, call.line, made[0].make, bias, call)


def unused(trace: Trace, parameters: Weights) -> list[str]:
    """Parameters that no call took."""
    taken = {name for call in trace.calls for name in call.names}
    return [name for name in parameters if name not in taken]


def spare(names: Iterable[str], P: Weights) -> list[Use]:
    """Products that were declared and never used: a matrix with the bias of the same prefix."""
    names = list(names)
    found = []
    for name in names:
        if P[name].ndim == 2:
            other = re.sub(r"weight$", "bias", name)
            bias = other if other != name and other in names else ""
            pair = (name, bias) if bias else (name,)
            found.append(Use("linear", pair, 0, _of(name), _of(bias) if bias else None))
    return found


def _of(name: str) -> Make:
    return lambda P: P[name]
