"""Attention inside a block by its values: against the reference where its products can be told,
else by what must hold of every form (rotated, with grouped keys, with norms of queries and keys).

    N batch · L length · D width · H heads · d head width
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from etude.checking.fit import Fit, search
from etude.checking.graph import Graph, Node, core
from etude.checking.products import Use, spare, unused
from etude.checking.program import Change
from etude.checking.roles import multi_head_attention as mha
from etude.checking.subject import Subject
from etude.checking.sublayers import Sublayer
from etude.shapes import Tensor

SAME = 1e-9


@dataclass(frozen=True)
class Told:
    """What is known of an attention. variants: of a right one; fit: against the reference, with its
    fault maybe; gap: what could not be explained; causal: later keys are hidden."""

    variants: tuple[str, ...] = ()
    fit: Fit | None = None
    gap: str = ""
    causal: bool = False


def read(
    subject: Subject, graph: Graph, each: Sublayer, other: Graph | None = None, faults: bool = True
) -> Told:
    """What an attention is. other: of the same forward with one token changed; faults: whether to
    look for the mistake of a wrong one."""
    hidden = hides(each)
    causal = hidden is not None and causal_of(hidden)
    keep = seen(each, hidden) if hidden is not None else None
    fit = _fit(subject, graph, each, keep, ())
    if fit and fit.right:
        return Told((), fit, "", causal)
    variants, gap = by_properties(graph, each, other)
    if not gap:
        return Told(tuple(variants), None, "", causal)
    if faults and (fit := _fit(subject, graph, each, keep, mha.FAULTS)) and fit.fault:
        return Told((), fit, "", causal)
    return Told((), None, gap, causal)


def _fit(
    subject: Subject,
    graph: Graph,
    each: Sublayer,
    keep: Tensor | None,
    faults: Sequence[Change],
) -> Fit | None:
    P = graph.P
    found = [node.use for node in each.region.kinds("linear")]
    linear = [use for use in found if use and use.kind == "linear"]
    extra: list[Use] = spare(unused(graph.trace, P), P)
    turned = "time_first" in subject.variants

    def straight(node: Node) -> Tensor:
        return node.value.transpose(0, 1) if turned else node.value

    best: Fit | None = None
    for xq, xk in _inputs(each):
        given = {"xq": straight(xq), "xk": straight(xk), "xv": straight(xk), "keep": keep}
        meant = mha.meanings(linear, P, mha.heads_of(subject, each.raw.value.shape[-1]), extra)
        out = straight(each.raw)
        fit = search(mha.multi_head, given, meant, P, out, graph.trace, (), faults, 4)
        if fit and (fit.right or fit.fault):
            return fit
        best = best or fit
    return best


def _inputs(each: Sublayer) -> Iterator[tuple[Node, Node]]:
    """What may enter as queries and as keys: one value, or two, of which what is handed on asks."""
    found = [e for e in each.entries if e.value.ndim == 3]
    skips = [core(skip) for skip in each.skips]
    own = [e for e in found if any(e.comes_of(skip) for skip in skips)] or found
    other = [e for e in found if e not in own] or own
    yield from ((a, b) for a in own for b in other)


def hides(each: Sublayer) -> Tensor | None:
    """[... L K] True where a key is hidden, as the weights, or the call, say; None if none is."""
    for node in each.region.kinds("softmax"):
        if node.name == "softmax":
            hidden = node.value == 0
            return hidden if bool(hidden.any()) else None
        call = node.call
        assert call is not None
        queries, keys = node.of[0].value.shape[-2], node.of[1].value.shape[-2]
        mask = call.kwargs.get("attn_mask", call.args[3] if len(call.args) > 3 else None)
        causal = call.kwargs.get("is_causal", call.args[5] if len(call.args) > 5 else False)
        if causal:
            return torch.ones(queries, keys, dtype=torch.bool).triu(1)
        if isinstance(mask, torch.Tensor):
            return ~mask if mask.dtype == torch.bool else mask < -1e4
        return None
    return None


def blind(each: Sublayer) -> bool:
    """Whether every key is hidden from every query."""
    node = each.region.kinds("softmax")[0]
    if node.name == "softmax":
        return bool((node.of[0].value < -1e3).all())
    hidden = hides(each)
    return hidden is not None and bool(hidden.all())


def causal_of(hidden: Tensor) -> bool:
    """Whether exactly the later keys are hidden."""
    queries, keys = hidden.shape[-2:]
    later = torch.ones(queries, keys, dtype=torch.bool).triu(1)
    return queries == keys and bool((hidden == later).all())


def seen(each: Sublayer, hidden: Tensor) -> Tensor | None:
    """A mask [... L K], True where a key is seen, as the reference takes it."""
    keep = ~hidden
    if keep.ndim == 3:  # the heads lie with the samples
        samples = each.raw.value.shape[0]
        keep = keep.reshape(samples, -1, *keep.shape[1:]) if len(keep) % samples == 0 else keep
    return keep if keep.ndim in (2, 4) else None


# Properties ---------------------------------------------------------------------------------------


def by_properties(graph: Graph, each: Sublayer, other: Graph | None) -> tuple[list[str], str]:
    """(variants, what does not hold or could not be explained)."""
    variants: list[str] = []
    cores = each.region.kinds("softmax")
    if not cores or each.last.kind != "linear":
        return [], "attention"
    for node in cores:
        queries = keys = None
        factor = 1.0
        if node.name == "softmax":
            if float((node.value.sum(-1) - 1).abs().max()) > SAME:
                return [], "weights"
            pair = _scores(node)
            if pair is None:
                return [], "scores"
            queries, keys, factor = pair
        else:
            queries, keys = node.of[:2]
            scale = node.call.kwargs.get("scale") if node.call else None
            factor = scale if scale else 1 / math.sqrt(queries.value.shape[-1])
        width = queries.value.shape[-1]
        for letter in (queries, keys):
            own, scale, said = _back(graph, letter)
            if said == "?" or (other and not of_one_token(letter, other)):
                return [], "Q K"
            variants += own
            factor *= scale
        if "qk_norm" not in variants and abs(factor * math.sqrt(width) - 1) > 1e-6:
            return [], "scaled"
        if not _merged(node, each.last):
            return [], "merged"
    return [*dict.fromkeys(variants), "by_properties"], ""


def _scores(node: Node) -> tuple[Node, Node, float] | None:
    """(queries, keys, factor) of the scores that a softmax reads; None where they are not found."""
    low = node.of[0]
    for _ in range(8):
        if low.name in ("matmul", "bmm", "einsum", "baddbmm", "rmatmul") and len(low.of) == 2:
            raw, final = low.value, node.of[0].value
            if raw.numel() != final.numel():
                return None
            flat, made = raw.flatten(), final.flatten()
            open_ = torch.isfinite(made) & (made > -1e4) & (flat.abs() > 1e-6)
            if not bool(open_.any()):
                return None
            ratio = made[open_] / flat[open_]
            if float((ratio - ratio[0]).abs().max()) > 1e-6 * float(ratio[0].abs()):
                return None
            return low.of[0], low.of[1], float(ratio[0])
        if not low.of:
            return None
        low = low.of[0]
    return None


MOVES = ("layout", "part", "pick", "drop", "linear", "shift")
TURNS = (
    "mul", "neg", "cat", "add", "sub", "stack", "rsub", "rmul", "concat", "view_as_complex",
    "view_as_real", "polar", "rotate_half", "concatenate", "addcmul",
)  # fmt: skip
REPEATS = ("repeat_interleave", "repeat", "expand")


def _back(graph: Graph, node: Node) -> tuple[list[str], float, str]:
    """(variants, factor, "?" if not explained) of what leads from a product to queries or keys."""
    variants: list[str] = []
    factor, turned = 1.0, False
    todo, done = [node], set()
    sources: list[Node] = []
    while todo:
        each = todo.pop()
        if each.number in done:
            continue
        done.add(each.number)
        if each.kind == "linear":
            sources.append(each)
            continue
        if norm := graph.norm(each):
            variants.append("qk_norm")
            todo.append(norm.of)
            continue
        if each.kind == "times" and len(each.of) == 1 and _constant(each):
            factor *= float(each.value.norm() / each.of[0].value.norm())
        elif each.name in REPEATS:
            if each.value.numel() != each.of[0].value.numel():
                variants.append("grouped_queries")
        elif each.kind not in MOVES:
            if each.name not in TURNS and each.kind not in ("sum", "times", "place"):
                return [], 1.0, "?"
            turned = True
        if not each.of:
            return [], 1.0, "?"
        todo += each.of
    if not sources:
        return [], 1.0, "?"
    if turned:
        variants.append("rotary")
    return variants, factor, ""


def _constant(node: Node) -> bool:
    return all(value.numel() == 1 for value, _ in node.beside)


def _merged(node: Node, last: Node) -> bool:
    """Whether the output's product reads, at each step, the context of that step."""
    context = node
    if node.name == "softmax":
        context = next((n for n in _chain(last.of[0]) if len(n.of) == 2), node)
        if not any(core(each) is node for each in context.of):
            return False
    rows = last.of[0].value.flatten(0, -2).sort(-1).values
    value, heads = context.value, context.value.numel() // (rows.shape[0] * context.value.shape[-1])
    if value.ndim == 3 and heads > 1 and len(value) % heads == 0:
        value = value.reshape(-1, heads, *value.shape[1:])
    forms = [value.transpose(1, 2), value] if value.ndim == 4 else [value]
    for form in forms:
        made = form.flatten(2).flatten(0, 1).sort(-1).values if form.ndim > 2 else form
        if made.shape == rows.shape:
            far = (made[:, None] - rows[None]).abs().amax(-1).amin(1)
            if float(far.max()) <= SAME * float(rows.abs().max()):
                return True
    return False


def of_one_token(node: Node, other: Graph) -> bool:
    """Whether queries, or keys, change for one token alone where one token of the input does."""
    far = (node.value - other.nodes[node.number].value).abs()
    changed = far > SAME * node.value.abs().max()
    return any(
        int(changed.movedim(axis, 0).flatten(1).any(1).sum()) == 1
        for axis in range(1, changed.ndim)
    )


def _chain(node: Node) -> list[Node]:
    """A value and those behind it, as long as each was made of one other, and the first that was
    not."""
    found = [node]
    while len(found[-1].of) == 1:
        found.append(found[-1].of[0])
    return found
