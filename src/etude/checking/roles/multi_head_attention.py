"""Multi-head attention: x [N L D], or three inputs, -> [N L D].

    N batch · L length · D width · H heads · d head width

A. Vaswani et al., "Attention Is All You Need" (2017), section 3.2.2.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from einops import rearrange

from etude.checking import attention_properties as properties
from etude.checking import common, masks
from etude.checking.attention_calls import (
    D,
    H,
    L,
    N,
    awake,
    by_name,
    inputs,
    layout,
    output,
    three,
    working,
)  # fmt: skip
from etude.checking.attention_calls import heads_of as heads_of
from etude.checking.attention_calls import needed_mask as needed_mask
from etude.checking.attention_calls import width_of as width_of
from etude.checking.attention_core import attend
from etude.checking.build import Sizes, needed
from etude.checking.fit import Fit, Meant, attempt, search
from etude.checking.products import Use, spare, unused, uses
from etude.checking.program import Change, Steps
from etude.checking.projections import projections
from etude.checking.roles import Role, attention, made_with, written
from etude.checking.source import CannotJudge, Thing
from etude.checking.subject import Subject
from etude.checking.trace import Trace, Weights
from etude.shapes import Tensor


def split(x: Tensor, heads: int) -> Tensor:
    """[N L (H d)] -> [N H L d]."""
    return rearrange(x, "n l (h d) -> n h l d", h=heads)


def multi_head(s: Steps) -> Tensor:
    """From s.xq, s.xk, s.xv [N L D] with s.WQ [(h d) D], s.bQ ... to [N L D]; s.H heads."""
    s.step("q", lambda s: s.xq @ s.WQ.mT + s.bQ)
    s.step("k", lambda s: s.xk @ s.WK.mT + s.bK)
    s.step("v", lambda s: s.xv @ s.WV.mT + s.bV)
    s.step("Q", lambda s: split(s.q, s.H))
    s.step("K", lambda s: split(s.k, s.H))
    s.step("V", lambda s: split(s.v, s.H))
    attend(s)
    s.step("merged", lambda s: rearrange(s.context, "n h l d -> n l (h d)"))
    out: Tensor = s.step("projected", lambda s: s.merged @ s.WO.mT + s.bO)
    return out


def _viewed(name: str) -> Any:
    """Heads cut off by a view that does not move the axis: tokens and heads are mixed."""
    return lambda s: getattr(s, name).reshape(
        s.xq.shape[0], s.H, -1, getattr(s, name).shape[-1] // s.H
    )


MIXED = {letter.upper(): _viewed(letter) for letter in "qkv"}
FLAT = {"merged": lambda s: s.context.reshape(*s.xq.shape[:2], -1)}
FAULTS = (
    *attention.FAULTS,
    Change("heads_mixed", {**MIXED, **FLAT}),
    Change("heads_mixed", MIXED),
    Change("merge_without_transpose", FLAT),
    Change("scale_model_dim", {"scaled": lambda s: s.scores / math.sqrt(s.q.shape[-1])}),
    Change("projection_reused", {"k": lambda s: s.xk @ s.WQ.mT + s.bQ}, {"one": "Q", "other": "K"}),
    Change("projection_reused", {"q": lambda s: s.xq @ s.WK.mT + s.bK}, {"one": "K", "other": "Q"}),
    Change("projection_reused", {"v": lambda s: s.xv @ s.WK.mT + s.bK}, {"one": "K", "other": "V"}),
    Change("projection_reused", {"v": lambda s: s.xv @ s.WQ.mT + s.bQ}, {"one": "Q", "other": "V"}),
    Change("value_projection_unused", {"v": lambda s: s.xv}),
    Change("key_projection_unused", {"k": lambda s: s.xk}),
    Change("query_projection_unused", {"q": lambda s: s.xq}),
    Change("output_projection_missing", {"projected": lambda s: s.merged}),
)
ORDERS = ("h d", "d h")


def meanings(
    found: Sequence[Use], P: Weights, heads: Sequence[int], extra: Sequence[Use]
) -> Iterator[Meant]:
    """What the products may be: the last is the output's, or none is; the others make Q, K and V.
    extra: declared, never used."""
    distinct = list({use.same(P): use for use in found}.values())
    for h in heads:
        for inner, outer in ((distinct[:-1], distinct[-1:]), (distinct, [])):
            for q_k_v, left in _complete(inner, extra, P):
                for mapping in projections(q_k_v, P, h):
                    for order in ORDERS:
                        yield Meant(mapping.said, _all(mapping.make, outer or left, order, h))


def _complete(
    distinct: list[Use], extra: Sequence[Use], P: Weights
) -> Iterator[tuple[list[Use], list[Use]]]:
    """The products of Q, K and V, with declared ones in the places of those that are missing; and
    what is left of the declared."""
    yield distinct, list(extra)
    rows = sum(use.shape(P)[0] for use in distinct)
    for i, use in enumerate(extra):
        if distinct and (rows + use.shape(P)[0]) % 3 == 0 and len(distinct) < 3:
            yield [*distinct, use], [e for j, e in enumerate(extra) if j != i]


def _all(make: Any, outs: Sequence[Use], order: str, heads: int) -> Any:
    def whole(P: Weights) -> dict[str, Any]:
        found = {**make(P), "H": heads}
        if heads == 1 and not outs:  # one head needs no product to put it together
            width = found["WV"].shape[0]
            found |= {"WO": torch.eye(width), "bO": torch.zeros(width)}
        for use in outs[:1]:
            weight = use.weight(P)
            found["WO"] = rearrange(weight, f"D ({order}) -> D (h d)", h=heads)
            found["bO"] = (
                use.bias(P) if use.bias else torch.zeros(weight.shape[0], dtype=weight.dtype)
            )
        return found

    return whole


def judge(subject: Subject) -> None:
    """Structure, then outputs and gradients against the reference, or what must hold in any form;
    then masks and modes."""
    if not common.registered(subject):
        return
    by_name(subject)
    width_of(subject)
    awake(subject)
    found, named = working(subject)
    if not common.same_twice(subject, *found, named=named):
        return

    def call(x: Tensor) -> Tensor:
        return output(subject.run(*[x] * len(found), named=named))

    layout(subject, found, call)
    seen = properties.seen(subject, found, named, output)
    given = {**three(subject, found), "keep": properties.causal(subject, seen)}
    if subject.found:
        return
    out, trace = subject.record(*found, named=named)
    P, out = subject.parameters, output(out)
    if not out.isfinite().all():
        raise CannotJudge("check_not_finite", line=subject.line_in("forward"))
    if not common.batch_apart(subject, call, found[0].detach()):
        if seen:  # what mixes the samples may be the softmax, or the split into heads
            mixed = subject.found.pop()
            properties.judge(subject, seen, found[0].shape[-1], free_scale=not P)
            subject.found = subject.found or [mixed]
        return
    linear = [use for use in uses(trace, P) if use.kind == "linear"]
    if heads_shared(subject, linear, P) or bare(subject, linear, P, trace) or subject.doubt:
        return
    fit = fitted(subject, given, linear, out, trace, seen)
    if not subject.found:
        common.learns(subject, out, trace)
    if subject.found or subject.doubt:
        return
    if fit:
        common.gradients(subject, multi_head, given, fit, out)
    common.coarser(subject, call, found[0].detach(), call(found[0].detach()))
    if not subject.found:
        # As many samples as heads: mixed up axes go unnoticed; else they crash.
        heads = heads_in(subject, fit) if fit else max(seen.heads if seen else [1])
        count = len(found)
        told = any(judge_mask(subject, fit, batch, named, count) for batch in (N, heads))
        if not told and masks.parameter(subject.forward):
            masks.unknown(subject)


def fitted(
    subject: Subject, given: Mapping[str, Any], linear: Sequence[Use], out: Tensor, trace: Trace,
    seen: properties.Seen | None,
) -> Fit | None:  # fmt: skip
    """The reference that the forward equals; else None, and the faults or the doubt are noted."""
    P, width = subject.parameters, given["xq"].shape[-1]
    heads = heads_of(subject, width)
    extra = spare(unused(trace, P), P)
    meant = list(meanings(linear, P, heads, extra))
    fit = search(multi_head, given, meant, P, out, trace)
    if fit and fit.right:
        common.explain(subject, fit, trace)
        return fit
    held = bool(seen and properties.judge(subject, seen, width, free_scale=not P))
    if (held or subject.found) and not extra:
        return None
    others, doubt = list(subject.found), subject.doubt
    subject.found.clear()
    fit = search(multi_head, given, meant, P, out, trace, (), FAULTS)
    common.explain(subject, fit, trace)
    if not subject.found:
        subject.found, subject.doubt = others, None if held else doubt or subject.doubt
    if fit is None and seen is None:
        raise CannotJudge("check_no_product", what="Q, K, V and the output")
    return None


def heads_shared(subject: Subject, linear: Sequence[Use], P: Weights) -> bool:
    """Whether one head's weights serve all heads. Fault: heads_share_weights."""
    once = len({use.same(P) for use in linear})
    times, rest = divmod(len(linear) - (len(linear) % 3 != 0), 3)
    if rest or times < 2 or once != 3 + (len(linear) % 3 != 0):
        return False
    evidence = ("heads with weights of their own", str(times), "1")
    subject.fault("heads_share_weights", common.repeated_at(subject), evidence)
    return True


def bare(subject: Subject, linear: Sequence[Use], P: Weights, trace: Trace) -> bool:
    """Whether Q, K and V are the input itself, nothing declared for them. Fault: no_projections."""
    if len(linear) > 1 or unused(trace, P) or any(len(set(use.shape(P))) > 1 for use in linear):
        return False
    if not P and not made_with(subject.thing, ROLE.sizes):  # attention of the inputs themselves
        return False
    evidence = ("products with weights", "those of Q, K, V and the output", str(len(linear)))
    subject.fault("no_projections", subject.line_in("forward"), evidence)
    return True


def heads_in(subject: Subject, fit: Fit) -> int:
    """The number of heads that fits."""
    return int(fit.meant.make(subject.parameters)["H"])


def judge_mask(
    subject: Subject, fit: Fit | None, batch: int, named: Mapping[str, Any], count: int
) -> bool:
    """Whether it could be told what a mask does."""
    name = masks.named(subject, count)
    if not name:
        return True
    found, P = inputs(subject, count, batch=batch), subject.parameters
    given, rest = three(subject, found), {k: v for k, v in named.items() if k != name}
    try:
        filled = named if batch == N else {**rest, name: None} if name in named else rest
        seen = properties.seen(subject, found, filled, output)
    except CannotJudge:
        seen = None

    def expected(keep: Tensor | None, *changes: Change) -> Tensor | None:
        if fit is None or "causal" in subject.variants:
            return properties.expected(seen, keep, *changes) if seen else None
        return attempt(multi_head, {**given, "keep": keep}, fit.meant, P, *changes)[1]

    def ask(mask: Tensor) -> Tensor:
        if mask.ndim == 3 and "time_first" in subject.variants:
            mask = mask.permute(1, 2, 0)
        return output(subject.run(*found, named={**rest, name: mask}))

    return masks.judge(subject, name, ask, expected, (batch, L, L, 4))


ATTENDS = r"softmax|scaled_dot_product_attention"
LAYERS = r"(?<![a-z])ff|mlp|feed_?forward|patch|num_layers|depth"


def fits(thing: Thing) -> bool:
    """Made with a number of heads, or attends with weights of its own; without layers behind it."""
    known = made_with(thing, ROLE.sizes)
    own = re.search(r"att(entio)?n$|mh?s?a$|heads?$", thing.name, re.IGNORECASE)
    if written(thing, LAYERS if own else f"{LAYERS}|norm"):
        return False
    alone = written(thing, ATTENDS) and written(thing, "quer") and written(thing, "key")
    forward = getattr(thing.it, "forward", None) if thing.is_class else None
    return "heads" in known or bool(forward and alone and len(needed(forward)) == 1)


ROLE = Role(
    called=r"(\w*multi_?head\w*|\w*mha\w*|\w*self_?att\w*|\w*attention\w*|attn|\w+attn|\w*mh?sa)",
    sizes=Sizes(
        {
            "heads": H,
            "head_width": D // H,
            "dropout": 0.5,
            "width": D,
            "length": L,
        },
        ("width", "heads"),
        "width",
    ),
    judge=judge,
    fits=fits,
)
