"""The attention in a forward, read off its trace: two products of data with weights of attention
between them, whatever is around them.

    N batch · H heads · L queries · K keys · d head width

Everything here is measured on the user's own values, so it needs no meaning of their parameters.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from etude.checking.program import Steps
from etude.checking.trace import Call, Trace
from etude.shapes import Tensor

NEAR = 1e-7
"""Of the largest number."""
HIDDEN = 1e-20
"""A smaller weight is none: its key was masked."""


@dataclass(frozen=True)
class Product:
    """A product of two tensors of data. left: [.. i c]; right: [.. j c]; order: of the output's
    axes, to make it [.. i j]; summed: which axis of each operand is c."""

    call: Call
    left: Tensor
    right: Tensor
    order: tuple[int, ...]
    summed: tuple[int, int]

    @property
    def out(self) -> Tensor:
        """[.. i j]."""
        return self.call.outs[0].permute(self.order)

    def back(self, value: Tensor) -> Tensor:
        """A value [.. i j] as the output has its axes."""
        inverse = [self.order.index(axis) for axis in range(len(self.order))]
        return value.permute(inverse)

    def turned(self) -> "Product":
        """The same, with left and right exchanged."""
        order = (*self.order[:-2], self.order[-1], self.order[-2])
        return Product(self.call, self.right, self.left, order, self.summed[::-1])


@dataclass(frozen=True)
class Core:
    """One attention. Q [P L d], K [P K d], V [P K e], scores and weights [P L K], context [P L e],
    where P are all axes before them, N H among them; mix: the product that makes the context."""

    Q: Tensor
    K: Tensor
    V: Tensor
    scores: Tensor
    weights: Tensor
    context: Tensor
    product: Call
    mix: Call
    lead: tuple[int, ...]
    turns: Product | None = None
    fused: bool = False

    def back(self, context: Tensor) -> Tensor:
        """A context as the user's call gives it."""
        shaped = context.reshape(*self.lead, *context.shape[1:])
        return self.turns.back(shaped) if self.turns else shaped


def products(trace: Trace) -> Iterator[Product]:
    """All products of data with data, in order."""
    for call in trace.calls:
        name, ins = call.name.strip("_"), call.ins
        if name == "baddbmm":
            ins, data, made = ins[1:3], call.data[1:3], call.made[1:3]
        else:
            data, made = call.data[:2], call.made[:2]
        if len(ins) < 2 or not all(data) or any(made) or min(x.ndim for x in ins[:2]) < 2:
            continue
        if name in ("matmul", "bmm", "mm", "baddbmm"):
            a, b = ins[0], ins[1]
            order = tuple(range(call.outs[0].ndim))
            yield Product(call, a, b.mT, order, (a.ndim - 1, b.ndim - 2))
        elif name == "einsum" and len(ins) == 2:
            found = _einsum(call)
            if found:
                yield found


def _einsum(call: Call) -> Product | None:
    """Where each operand has one axis of its own and one is summed, or more that act as heads."""
    equation = next((a for a in call.args if isinstance(a, str)), "").replace(" ", "")
    left, arrow, out = equation.partition("->")
    if not arrow or left.count(",") != 1:
        return None
    a, b = (
        each.replace("...", "ABCDE"[: x.ndim - len(each.replace("...", ""))])
        for each, x in zip(left.split(","), call.ins)
    )
    out = out.replace("...", "ABCDE"[: call.outs[0].ndim - len(out.replace("...", ""))])
    summed = [c for c in a if c in b and c not in out]
    mine, theirs = [c for c in a if c not in b], [c for c in b if c not in a]
    if len(summed) != 1 or not mine or not theirs or {*mine, *theirs} - set(out):
        return None
    i, j, c = mine[-1], theirs[-1], summed[0]
    lead = [x for x in out if x not in (i, j)]
    order = tuple(out.index(x) for x in (*lead, i, j))
    return Product(
        call, _as(call.ins[0], a, [*lead, i, c]), _as(call.ins[1], b, [*lead, j, c]), order,
        (a.index(c), b.index(c)),
    )  # fmt: skip


def _as(x: Tensor, letters: str, wanted: Sequence[str]) -> Tensor:
    """A tensor with its axes in this order; of those that it lacks, one entry."""
    x = x.permute([letters.index(c) for c in wanted if c in letters])
    return x[tuple(slice(None) if c in letters else None for c in wanted)]


def cores(trace: Trace, queries: int, keys: int) -> list[Core]:
    """Each attention of a forward, in the order in which their contexts are made."""
    found: list[Core] = []
    known = list(products(trace))
    taken: set[int] = set()
    for mix in known:
        for each in (mix, mix.turned()):
            core = _paired(each, known, taken, (queries, keys))
            if core:
                taken |= {core.product.number, core.mix.number}
                found.append(core)
                break
    found += [_fused(call) for call in trace.named("scaled_dot_product_attention")]
    return sorted(found, key=lambda core: core.mix.number)


def _paired(
    mix: Product, known: Sequence[Product], taken: set[int], sizes: tuple[int, int]
) -> Core | None:
    """The attention whose context this product makes, its left operand being the weights."""
    weights, tried = _flat(mix.left, mix.out.shape[:-2]), []
    for score in reversed(known):
        number = score.call.number
        if number >= mix.call.number or number in taken or mix.call.number in taken:
            continue
        same = score.call.outs[0].ndim == mix.left.ndim
        turned = same and score.order[-2] == mix.summed[0]
        for each in (score.turned(), score) if turned else (score, score.turned()):
            if tuple(each.out.shape[-2:]) != sizes or each.out.numel() != weights.numel():
                continue
            lead = each.out.shape[:-2]
            core = Core(
                _flat(each.left, lead), _flat(each.right, lead),
                _flat(mix.right, mix.out.shape[:-2]).mT, _flat(each.out, lead), weights,
                _flat(mix.out, mix.out.shape[:-2]), score.call, mix.call,
                tuple(mix.out.shape[:-2]), mix,
            )  # fmt: skip
            if core.weights.shape == core.scores.shape and len(core.V) == len(core.Q):
                tried.append(core)
    return next((core for core in tried if weighing(core)), tried[0] if tried else None)


def _flat(x: Tensor, lead: Sequence[int]) -> Tensor:
    """[P i c], its axes before the last two spread to these."""
    return x.expand(*lead, *x.shape[-2:]).reshape(-1, *x.shape[-2:])


def _fused(call: Call) -> Core:
    """F.scaled_dot_product_attention as its parts."""
    Q, K, V = call.ins[:3]
    if call.kwargs.get("enable_gqa"):
        K, V = (x.repeat_interleave(Q.shape[-3] // x.shape[-3], -3) for x in (K, V))
    lead = call.outs[0].shape[:-2]
    Q, K, V = (_flat(x, lead) for x in (Q, K, V))
    mask = call.kwargs.get("attn_mask", call.args[3] if len(call.args) > 3 else None)
    scale = call.kwargs.get("scale") or Q.shape[-1] ** -0.5
    scores = Q @ K.mT
    logits = scores * scale
    if call.kwargs.get("is_causal") or (len(call.args) > 5 and call.args[5]):
        logits = logits.masked_fill(~torch.ones(logits.shape[-2:]).tril().bool(), -math.inf)
    if isinstance(mask, torch.Tensor):
        mask = _flat(mask.detach(), lead)
        hidden = logits.masked_fill(~mask, -math.inf) if mask.dtype is torch.bool else logits + mask
        logits = hidden
    weights = logits.softmax(-1)
    return Core(
        Q, K, V, scores, weights, _flat(call.outs[0], lead), call, call, tuple(lead), fused=True
    )


@dataclass(frozen=True)
class Weighing:
    """How weights come of scores: softmax over `axes` (of [N H L K], 3 the keys) of scale * scores
    plus, where `bias`, what does not depend on the scores. kind: "softmax", or what it is instead.
    times: what the weights are multiplied with."""

    kind: str
    scale: float
    axes: tuple[int, ...] = (3,)
    times: float = 1.0
    bias: bool = False


AXES = ((3,), (2,), (1,), (0,), (1, 3), (0, 1), (2, 3))


def weighing(core: Core, other: Core | None = None, heads: int = 0) -> Weighing | None:
    """What is known of a core's weights; None where they are no function of its scores that has a
    name. other: the same attention for other inputs, without which no bias can be told from the
    scores; heads: of P = N H."""
    R, W = core.scores, core.weights
    if heads:
        R, W = (x.reshape(-1, heads, *x.shape[1:]) for x in (R, W))
    else:
        R, W = R[:, None], W[:, None]
    flat = (W * R).sum() / (R * R).sum()
    if float((W - flat * R).abs().max()) <= NEAR * float(W.abs().max()):
        return Weighing("none", float(flat))
    if bool((W < 0).any()):
        scale = _slope(R, W, torch.ones_like(W, dtype=torch.bool), (3,))
        sums = W.exp().sum(-1)
        logs = scale is not None and bool(((sums - 1).abs() < NEAR).all())
        return Weighing("log_softmax", scale or 0.0) if logs else None
    seen = W > HIDDEN
    for axes in AXES:
        sums = W.sum(axes)[W.amax(axes) > HIDDEN]
        if not len(sums) or float((sums - sums[0]).abs().max()) > NEAR * float(sums[0]):
            continue
        if len(axes) == 1 and W.shape[axes[0]] == 1:
            continue
        logits = W.clamp(min=HIDDEN).log()
        scale = _slope(R, logits, seen, axes)
        if scale is not None:
            return Weighing("softmax", scale, axes, float(sums[0]))
        for inner in (core.Q.shape[-1] ** -0.5, 1.0):
            if _slope((R * inner).softmax(-1), logits, seen, axes) is not None:
                return Weighing("double_softmax", inner, axes, float(sums[0]))
        if other is not None:
            R2, W2 = other.scores.view_as(R), other.weights.view_as(W)
            change = W2.clamp(min=HIDDEN).log() - logits
            both = seen & (W2 > HIDDEN)
            scale = _slope(R2 - R, change, both, axes)
            if scale is not None:
                return Weighing("softmax", scale, axes, float(sums[0]), bias=True)
    return None


def _slope(R: Tensor, logits: Tensor, seen: Tensor, axes: tuple[int, ...]) -> float | None:
    """c where logits = c R, up to a number for each sum over these axes; None if they are not."""
    count = seen.sum(axes, keepdim=True).clamp(min=1)

    def centred(x: Tensor) -> Tensor:
        x = x.where(seen, 0.0)
        return (x - x.sum(axes, keepdim=True) / count) * seen

    a, b = centred(R), centred(logits)
    size = (a * a).sum()
    if float(size) == 0.0:
        return None
    c = (a * b).sum() / size
    fits = float((b - c * a).abs().max()) <= NEAR * max(float(b.abs().max()), NEAR)
    return float(c) if fits else None


SCALARS = ("mul", "rmul", "imul", "div", "truediv", "rtruediv", "itruediv", "multiply", "divide",
           "true_divide")  # fmt: skip
NORMS = ("layer_norm", "rms_norm", "normalize", "group_norm", "rsqrt", "norm", "vector_norm",
         "linalg_norm", "linalg_vector_norm")  # fmt: skip


def factor(trace: Trace, operand: Tensor, before: int) -> float:
    """What the numbers of an operand were multiplied with before they came to a product."""
    total, size = 1.0, _size(operand)
    for call in reversed(trace.calls[:before]):
        if call.name.strip("_") not in SCALARS or abs(_size(call.outs[0]) - size) > 1e-9 * size:
            continue
        x = next((x for x, data in zip(call.ins, call.data) if data), None)
        if x is None or x.shape != call.outs[0].shape:
            continue
        ratio = float((call.outs[0] * x).sum() / (x * x).sum())
        if float((call.outs[0] - ratio * x).abs().max()) <= NEAR * float(call.outs[0].abs().max()):
            total, size = total * ratio, _size(x)
    return total


def _size(x: Tensor) -> float:
    return float(x.detach().double().square().mean().sqrt()) if x.is_floating_point() else -1.0


def learned_scale(trace: Trace, core: Core) -> bool:
    """Whether scores, queries or keys are multiplied with parameters."""
    return any(
        call.name.strip("_") in SCALARS and any(call.made) and any(call.data)
        for call in trace.calls[: core.mix.number]
    )


def normed(trace: Trace, core: Core, since: int) -> bool:
    """Whether queries and keys are normalised after their products with weights."""
    return any(call.name.strip("_") in NORMS for call in trace.calls[since : core.product.number])


def pattern(core: Core) -> str:
    """Which keys have weight: "all", "causal", "future" (a token sees itself and what is after it),
    "ahead" (also the next one), "strict" (not itself), else "other"."""
    seen = core.weights > HIDDEN
    if bool(seen.all()) or bool((core.weights < 0).any()):
        return "all"
    causal = torch.ones(seen.shape[-2:], dtype=torch.bool).tril()
    known = {"causal": causal, "strict": causal.tril(-1), "future": causal.fliplr().flipud(),
             "ahead": torch.ones_like(causal).tril(1)}  # fmt: skip
    same = (name for name, each in known.items() if bool((seen[:, 1:] == each[1:]).all()))
    return next(same, "other")


def changed(a: Tensor, b: Tensor) -> Tensor:
    """Rows of [P L d] that differ: [P L]."""
    return ((a - b).abs() > 1e-12 * float(a.abs().max())).any(-1)


def with_heads(core: Core, batch: int, moved: Tensor) -> tuple[int, bool] | None:
    """(heads, whether the heads are outside the batch) of P, by the rows [P] that belong to sample
    0; None where that is no such order."""
    count, rest = divmod(len(core.Q), batch)
    if rest or int(moved.sum()) != count:
        return None
    rows = moved.nonzero().flatten().tolist()
    if rows == list(range(count)):
        return count, False
    return (count, True) if rows == list(range(0, len(core.Q), batch)) else None


def arranged(core: Core, batch: int, heads: int, outside: bool) -> Core:
    """The core with P = (N H), whatever the order was."""
    if not outside:
        return core
    order = torch.arange(len(core.Q)).view(heads, batch).T.flatten()
    names = ("Q", "K", "V", "scores", "weights", "context")
    return replace(core, **{name: getattr(core, name)[order] for name in names})


def attend(s: Steps) -> Tensor:
    """From s.Q [N H L d], s.K, s.V [N H K d] to the context [N H L d]."""
    s.step("scores", lambda s: s.Q @ s.K.mT)
    s.step("scaled", lambda s: s.scores / math.sqrt(s.Q.shape[-1]))
    s.step(
        "masked", lambda s: s.scaled if s.keep is None else s.scaled.masked_fill(~s.keep, -math.inf)
    )
    s.step("weights", lambda s: s.masked.softmax(-1))
    context: Tensor = s.step("context", lambda s: s.weights @ s.V)
    return context
