"""What a trace says of a convolutional block: its convolution, activation, pooling and weights.

O channels out · I channels in
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F

from etude.checking import batch_norm
from etude.checking.fit import Meant
from etude.checking.products import Use, uses
from etude.checking.source import CannotJudge
from etude.checking.subject import Subject
from etude.checking.trace import Call, Trace, Weights, replaced, tensors
from etude.shapes import Tensor

ACTIVE = (
    "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "hardswish",
    "hardtanh", "softplus", "sigmoid", "tanh", "prelu",
)  # fmt: skip
POOLS = ("max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d", "lp_pool2d")


PARTIAL = ("sigmoid", "tanh", "softplus", "elu", "relu6", "hardtanh")
"""Those of which others are made."""
Curve = Callable[[Tensor], Tensor]
HANDMADE: tuple[Curve, ...] = (
    F.relu, F.silu, F.mish, F.hardswish, F.leaky_relu, lambda x: F.leaky_relu(x, 0.1),
    lambda x: F.leaky_relu(x, 0.2), lambda x: x * torch.sigmoid(1.702 * x), F.gelu,
    lambda x: F.gelu(x, approximate="tanh"), F.elu,
)  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """What a trace says of a block. how, pad: of its convolution; conv: that use of weights, None
    where it is made by hand of `matrix`; vectors: parameters that may scale and shift."""

    how: Mapping[str, Any]
    pad: Call | None
    active: Call | Curve | None
    pool: Call | None
    conv: Use | None
    matrix: str
    vectors: tuple[str, ...]
    epsilons: tuple[float, ...]

    def meanings(self) -> Iterator[Meant]:
        """Scale and shift by their order, the other way round, or only one of them; what is left
        is the bias of a convolution made by hand."""
        pairs = [*itertools.permutations(self.vectors, 2), *((v, "") for v in self.vectors)]
        for (g, c), eps in itertools.product([*pairs, ("", "")], self.epsilons):
            left = [v for v in self.vectors if v not in (g, c)] if self.conv is None else []
            yield Meant(f"scale {g or '1'}, shift {c or '0'}", self._make(g, c, left, eps))

    def others(self) -> Iterator["Reading"]:
        """The same with an activation made by hand, where none, or a part of one, is called."""
        if isinstance(self.active, Call) and self.active.name.strip("_") not in PARTIAL:
            return
        for active in HANDMADE:
            yield replace(self, active=active)

    def _active(self, P: Weights) -> Curve:
        if self.active is None:
            return F.relu
        return _again(self.active, P) if isinstance(self.active, Call) else self.active

    def _make(
        self, g: str, c: str, left: Sequence[str], eps: float
    ) -> Callable[[Weights], Mapping[str, Any]]:
        def make(P: Weights) -> dict[str, Any]:
            bias = self.conv.bias(P) if self.conv and self.conv.bias else None
            return {
                "W": self.conv.weight(P) if self.conv else P[self.matrix],
                "b": P[left[0]].flatten() if left else bias,
                "g": P[g].flatten() if g else torch.ones(1),
                "c": P[c].flatten() if c else torch.zeros(1),
                "eps": eps,
                "how": self.how,
                "pad": _again(self.pad, P) if self.pad else lambda x: x,
                "activate": self._active(P),
                "pooling": _again(self.pool, P) if self.pool else lambda x: F.max_pool2d(x, 2),
            }

        return make


def read(subject: Subject, trace: Trace) -> Reading:
    """Raises CannotJudge where there is not one convolution."""
    P = subject.parameters
    convs = [u for u in uses(trace, P) if u.kind == "conv" and len(u.shape(P)) == 4]
    matrices = [name for name, p in P.items() if p.ndim == 4]
    called = trace.named("conv2d")
    if len(convs) > 1 or len(called) > len(convs) or (not convs and len(matrices) != 1):
        raise CannotJudge("check_parts", part="Conv2d", found=len(called) or len(matrices))
    how: dict[str, Any] = {"padding": 1}
    pads: list[Call] = []
    if convs and convs[0].call:
        call = convs[0].call
        names = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
        how = {**dict(zip(names, call.args)), **call.kwargs}
        how = {name: how[name] for name in names[3:] if name in how}
        pads = [c for c in trace.named("pad") if c.outs[0].shape == convs[0].x.shape]
    actives, pools = trace.named(*ACTIVE), trace.named(*POOLS)
    strange = trace.named("group_norm", "instance_norm", "layer_norm", "conv_transpose2d")
    if strange or len({c.line for c in pools}) > 1:
        name = strange[0].name if strange else pools[0].name
        raise CannotJudge("check_parts", part=name, found=len(strange) or len(pools))
    taken = convs[0].names if convs else ()
    shape = P[convs[0].names[0]].shape if convs else P[matrices[0]].shape
    behind = {name for call in actives for name in call.names}
    vectors = tuple(
        n
        for n, p in P.items()
        if p.requires_grad and p.numel() in shape[:2] and n not in taken and n not in behind
    )
    known = {*taken, *behind, *vectors, *matrices}
    strangers = [n for n, p in P.items() if p.requires_grad and n not in known]
    if strangers:
        raise CannotJudge("check_parts", part=strangers[0], found=len(strangers))
    return Reading(
        how,
        next(iter(pads), None),
        next(iter(actives), None),
        next(iter(pools), None),
        convs[0] if convs else None,
        "".join(matrices[:1]),
        vectors,
        batch_norm.epsilons(subject, trace),
    )


def _again(call: Call, P: Weights) -> Callable[[Tensor], Tensor]:
    """The same call on another tensor, and with other parameters."""
    name = call.name.strip("_")
    how = getattr(F, name, None) or getattr(torch, name)
    held = tensors((call.args, call.kwargs))
    new = {id(old): made.make(P) for old, made in zip(held, call.made) if made}
    args = replaced(call.args[1:], new)
    named = {k: v for k, v in call.kwargs.items() if k not in ("inplace", "self", "input")}
    return lambda x: how(x, *args, **replaced(named, new))
