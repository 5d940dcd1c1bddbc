"""Attention judged by what must hold in any form of it, on the user's own values.

    N batch · H heads · L queries · K keys · d head width

The weights of a query sum to one over the keys, as a softmax of its scaled products with them; a
row of queries, keys and values comes of its own token; a row of the output comes of its own
token's context. What sits around these (norms, rotary positions, shared keys, position biases) is
a variant.
"""

import functools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from etude.checking import attention_core as core
from etude.checking import docstrings
from etude.checking.attention_core import Core, Weighing
from etude.checking.build import takes
from etude.checking.products import uses
from etude.checking.program import Change, Steps
from etude.checking.subject import Named, Subject
from etude.checking.trace import Trace
from etude.shapes import Tensor

NEAR = 1e-7
Pick = Callable[[Any], Tensor]
"""The output [N .. L e] of what was returned."""


@dataclass(frozen=True)
class Seen:
    """A forward as its attentions, each with P = (N H), and the same where one token of sample 0
    is another. again: the output of the same call with other values of some calls of torch."""

    out: Tensor
    trace: Trace
    cores: Sequence[Core]
    heads: Sequence[int]
    others: Sequence[Core]
    token: int
    again: Callable[[Mapping[int, Callable[[Tensor], Tensor]]], Tensor]

    def with_contexts(self, contexts: Sequence[Tensor]) -> Tensor:
        """The output where each attention gives another context [P L e]."""
        return self.again(
            {
                each.mix.number: functools.partial(_other, each, context)
                for each, context in zip(self.cores, contexts)
            }
        )


def _other(each: Core, context: Tensor, own: Tensor) -> Tensor:
    return each.back(context).reshape(own.shape)


def seen(subject: Subject, found: Sequence[Tensor], named: Named, pick: Pick) -> Seen | None:
    """None where no attention is found, or its heads and samples lie in no order. found: inputs
    [N .. L D]; pick: the output [N .. L e] of what is returned."""
    queries, keys, batch = found[0].shape[-2], found[-1].shape[-2], found[0].shape[0]
    out, trace = subject.record(*found, named=named)
    token = min(queries, keys) // 2
    moved = [x.detach().clone() for x in found]
    generator = torch.Generator().manual_seed(17)
    for x in moved:
        x[0, ..., token, :] = torch.randn(x[0, ..., token, :].shape, generator=generator)
    _, again = subject.record(*moved, named=named)
    cores, others = (core.cores(each, queries, keys) for each in (trace, again))
    if not cores or len(cores) != len(others):
        return None
    pairs = list(zip(cores, others))
    tried = [
        core.with_heads(a, batch, core.changed(a.V, b.V).any(1)) or _mixed(a, batch, trace)
        for a, b in pairs
    ]
    orders = [each for each in tried if each]
    if len(orders) != len(cores):
        return None
    cores, others = (
        [core.arranged(c, batch, *order) for c, order in zip(each, orders)]
        for each in (cores, others)
    )

    def rerun(instead: Mapping[int, Callable[[Tensor], Tensor]]) -> Tensor:
        return pick(subject.record(*found, named=named, instead=instead)[0])

    return Seen(pick(out), trace, cores, [h for h, _ in orders], others, token, rerun)


def hidden(found: Seen) -> str:
    """What the masks of all attentions hide: a pattern of `attention_core.pattern`, or "other"."""
    kinds = {core.pattern(each) for each in found.cores}
    return kinds.pop() if len(kinds) == 1 else "other"


DECLARED = re.compile(r"(?<!non-)(?<!non_)(?<!non)causal|autoregressive|decoder|gpt", re.IGNORECASE)


def causal(subject: Subject, found: Seen | None) -> Tensor | None:
    """Which keys [L K] a forward shows by itself, without a mask that is given; None where it shows
    all. Faults: causal_mask_missing, causal_mask_wrong, where a causal mask is declared."""
    kind = hidden(found) if found else "all"
    declared = DECLARED.search(f"{subject.thing.name} {docstrings.words(subject.thing)}")
    if found is None or kind == "all":
        called = re.search("causal", subject.thing.name, re.IGNORECASE)
        if found and called and not _optional(subject):
            evidence = ("keys that a query sees", "those up to its own place", "all")
            subject.fault("causal_mask_missing", found.cores[0].product.line, evidence)
        return None
    each = found.cores[0]
    line = found.trace.line("masked_fill", "where") or each.product.line
    if kind == "causal":
        subject.variants.append("causal")
        return torch.ones(each.scores.shape[-2:], dtype=torch.bool).tril()
    if declared and kind != "other":
        evidence = ("keys that a query sees", "itself and those before", f"other: {kind}")
        subject.fault("causal_mask_wrong", line, evidence, sees=f"sees_{kind}")
    else:
        subject.doubt = ("check_attention_hidden", {"line": line})
    return None


def _optional(subject: Subject) -> bool:
    """Whether a causal mask may be handed over, or switched on."""
    names = [*takes(subject.forward), *takes(type(subject.it).__init__)]
    return any(re.search("mask|causal|config|cfg|args", name, re.IGNORECASE) for name in names)


def attends(subject: Subject, found: Sequence[Tensor], named: Named, pick: Pick) -> bool:
    """Whether every key has its weight, so that nothing is masked but later tokens."""
    each = seen(subject, found, named, pick)
    if each is None or hidden(each) not in ("all", "causal"):
        return False
    ways = [core.weighing(a, b, h) for a, b, h in zip(each.cores, each.others, each.heads)]
    return all(way is None or way.scale > NEAR for way in ways)


def judge(subject: Subject, found: Seen, width: int, free_scale: bool = False) -> bool:
    """Note faults and variants, or the doubt that is left; whether everything holds. free_scale:
    whether the caller may have scaled the queries."""
    faults, line = len(subject.found), found.cores[0].product.line
    doubts = [
        _rows(subject, found),
        *(
            _weights(subject, found, i, width, free_scale)
            for i in range(len(found.cores))
            if len(subject.found) == faults
        ),
        _merged(subject, found),
    ]
    unknown = next((each for each in doubts if each), "")
    if len(subject.found) > faults:
        subject.doubt = None
        return False
    if unknown:
        subject.doubt = (f"check_attention_{unknown}", {"line": line})
        return False
    subject.doubt = None
    subject.hold("weights_sum_to_one", "")
    subject.hold("tokens_apart", "")
    return True


def _rows(subject: Subject, found: Seen) -> str:
    """A row of queries, keys and values comes of its own token. Fault: heads_mixed."""
    mixed, odd = [], False
    for a, b in zip(found.cores, found.others):
        for letter in "QKV":
            x, y = getattr(a, letter), getattr(b, letter)
            rows = core.changed(x, y).any(0).nonzero().flatten().tolist()
            if rows == [found.token]:
                continue
            if _viewed(x, found.trace):
                mixed.append(letter)
            else:
                odd = True
    if mixed:
        line = found.trace.line("view", "reshape") or found.cores[0].product.line
        evidence = ("rows that change with one token", "1 of each head", "several")
        subject.fault("heads_mixed", line, evidence)
    return "rows" if odd and not mixed else ""


def _viewed(x: Tensor, trace: Trace) -> bool:
    """Whether heads were cut off a product with weights without moving an axis."""
    return any(_flat(x, call.outs[0]) for call in trace.named("linear", "matmul", "addmm"))


def _mixed(each: Core, batch: int, trace: Trace) -> tuple[int, bool] | None:
    """Heads within samples, where tokens and heads are mixed."""
    count, rest = divmod(len(each.Q), batch)
    return None if rest or not _viewed(each.V, trace) else (count, False)


def _flat(x: Tensor, y: Tensor) -> bool:
    """Whether two tensors of other shapes hold the same numbers in one order."""
    if x.numel() != y.numel() or x.shape[1:] == y.shape[1:]:
        return False
    return float((x.flatten() - y.flatten()).abs().max()) <= NEAR * float(y.abs().max())


NAMES = {(2,): "queries", (1,): "heads", (0,): "batch", (1, 3): "heads and keys",
         (0, 1): "batch and heads", (2, 3): "queries and keys"}  # fmt: skip


def _weights(subject: Subject, found: Seen, i: int, width: int, free_scale: bool) -> str:
    """Weights are a softmax over the keys of scores / sqrt(d). Faults: softmax_axis, scale_*,
    softmax_missing, log_softmax, double_softmax."""
    a, b = found.cores[i], found.others[i]
    found_as = core.weighing(a, b, found.heads[i])
    line = found.trace.line_of(a.weights) or a.mix.line
    if found_as is None:
        return "weights"
    if found_as.kind != "softmax":
        code = "softmax_missing" if found_as.kind == "none" else found_as.kind
        evidence = ("weights", "a softmax of the scores over the keys", code.replace("_", " "))
        subject.fault(code, line, evidence)
        return ""
    if found_as.axes != (3,):
        axis = NAMES[found_as.axes]
        evidence = ("axis over which the weights sum to one", "keys", axis)
        subject.fault("softmax_axis", line, evidence, axis=axis)
    return _scale(subject, found, i, found_as, width, free_scale)


def _scale(
    subject: Subject, found: Seen, i: int, weighing: Weighing, width: int, free: bool
) -> str:
    a, trace = found.cores[i], found.trace
    d, length = a.Q.shape[-1], a.K.shape[-2]
    total = weighing.scale
    for operand in (a.Q, a.K):
        total *= core.factor(trace, operand, a.product.number)
    linear = [u.call.number for u in uses(trace, subject.parameters) if u.call]
    since = max((n for n in linear if n < a.product.number), default=0)
    variants = {
        "position_bias": weighing.bias,
        "qk_norm": core.normed(trace, a, since + 1),
        "learned_scale": core.learned_scale(trace, a),
    }
    known = {
        "scale_missing": 1.0, "scale_by_d": 1 / d, "scale_multiplied": math.sqrt(d),
        "scale_model_dim": 1 / math.sqrt(width), "scale_by_length": 1 / math.sqrt(length),
    }  # fmt: skip
    near = {name for name, value in known.items() if abs(total / value - 1) < NEAR}
    right = abs(total * math.sqrt(d) - 1) < NEAR
    after = (d**-0.5, width**-0.5, d**0.5, 1 / d)
    if "scale_missing" in near and any(abs(weighing.times / x - 1) < NEAR for x in after):
        near = {"scale_after_softmax"}
    elif abs(weighing.times - 1) > NEAR:
        return "weights"
    named = [name for name, there in variants.items() if there]
    subject.variants += [name for name in named if name not in subject.variants]
    unscaled = free and "scale_missing" in near
    if right or unscaled or {"qk_norm", "learned_scale"} & set(named):
        subject.hold("scale", f"1/sqrt({d})" if right else f"{total:.3g}")
        return ""
    if near and not weighing.bias:
        code = min(near, key=list({**known, "scale_after_softmax": 0}).index)
        evidence = ("factor of the scores", f"{d**-0.5:.4g} = 1/sqrt({d})", f"{total:.4g}")
        subject.fault(code, a.product.line, evidence)
        return ""
    return "scale"


def _merged(subject: Subject, found: Seen) -> str:
    """A row of the output comes of its own token's context. Fault: merge_without_transpose."""
    generator = torch.Generator().manual_seed(19)
    for i, each in enumerate(found.cores):
        contexts = [c.context.clone() for c in found.cores]
        row = contexts[i][:, found.token]
        row += torch.randn(row.shape, generator=generator)
        out = found.with_contexts(contexts)
        far = (out - found.out).abs().flatten(1, -3) if out.ndim > 3 else (out - found.out).abs()
        rows = (far.amax(-1) > 1e-12).flatten(0, -2).any(0).nonzero().flatten().tolist()
        if rows == [found.token]:
            continue
        lead, flat = found.out.shape[:-1], each.context.reshape(-1)
        for call in found.trace.calls[each.mix.number :]:
            same = (x.shape[:-1] == lead and x.numel() == len(flat) for x in call.outs)
            if any(same) and torch.equal(call.outs[0].flatten(), flat):
                evidence = ("outputs that the context of one token reaches", "1", str(len(rows)))
                subject.fault("merge_without_transpose", call.line or each.mix.line, evidence)
                return ""
        return "merged"
    return ""


def expected(found: Seen, keep: Tensor | None, *changes: Change) -> Tensor:
    """The output where keys are hidden [N 1 L K], everything else the user's own."""
    contexts = []
    for i, each in enumerate(found.cores):
        heads = found.heads[i]
        cut = {n: getattr(each, n).unflatten(0, (-1, heads)) for n in ("Q", "K", "V", "weights")}
        way = core.weighing(each)
        plain = way and way.kind == "softmax" and way.axes == (3,) and core.pattern(each) == "all"
        scale = way.scale if way and plain else 0.0
        own = {"scaled": lambda s, c=scale: s.scores * c if c else s.own.log()}
        steps = Steps({**cut, "own": cut["weights"], "keep": keep}, Change("own", own), *changes)
        contexts.append(core.attend(steps).flatten(0, 1))
    return found.with_contexts(contexts)
