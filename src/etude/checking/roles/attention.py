"""Scaled dot-product attention: Q K V -> context, as a function or a module.

    N batch · H heads · L queries · K keys · d head width

A. Vaswani et al., "Attention Is All You Need" (2017), equation 1.
"""

import inspect
import itertools
import math
import re
from collections.abc import Mapping
from typing import Any

import torch

from etude.checking import attention_properties as properties
from etude.checking import common, masks
from etude.checking.attention_core import attend
from etude.checking.build import Sizes, needed, takes
from etude.checking.fit import NOTHING, attempt, search
from etude.checking.program import Change
from etude.checking.roles import Role, made_with, role, written
from etude.checking.source import CannotJudge, Thing
from etude.checking.subject import Subject, first, rest
from etude.shapes import Tensor

N, H, L, K, D = 2, 3, 7, 5, 6


FAULTS = (
    Change("softmax_axis", {"weights": lambda s: s.masked.softmax(-2)}, {"axis": "queries"}),
    Change("softmax_axis", {"weights": lambda s: s.masked.softmax(1)}, {"axis": "heads"}),
    Change("softmax_axis", {"weights": lambda s: s.masked.softmax(0)}, {"axis": "batch"}),
    Change("scale_missing", {"scaled": lambda s: s.scores}),
    Change("scale_by_d", {"scaled": lambda s: s.scores / s.Q.shape[-1]}),
    Change("scale_multiplied", {"scaled": lambda s: s.scores * math.sqrt(s.Q.shape[-1])}),
    Change("scale_by_length", {"scaled": lambda s: s.scores / math.sqrt(s.K.shape[-2])}),
    Change("scale_by_length", {"scaled": lambda s: s.scores / math.sqrt(s.Q.shape[-2])}),
    Change("scale_by_length", {"scaled": lambda s: s.scores / math.sqrt(s.Q.shape[1])}),
    Change("scale_by_axes", {"scaled": lambda s: s.scores / math.sqrt(s.Q.ndim)}),
    Change(
        "scale_after_softmax",
        {
            "scaled": lambda s: s.scores,
            "weights": lambda s: s.masked.softmax(-1) / math.sqrt(s.Q.shape[-1]),
        },
    ),
    Change("double_softmax", {"weights": lambda s: s.masked.softmax(-1).softmax(-1)}),
    Change("softmax_missing", {"weights": lambda s: s.masked}),
    Change("log_softmax", {"weights": lambda s: s.masked.log_softmax(-1)}),
    Change("keys_as_values", {"context": lambda s: s.weights @ s.K}),
)


def sizes_known() -> dict[str, Any]:
    """By meaning."""
    return {
        "dropout": 0.5,
        "temperature": math.sqrt(D),
        "head_width": D,
        "heads": H,
        "width": H * D,
        "length": K,
    }


def inputs(*lengths: int, heads: bool = True, batch: int = N) -> list[Tensor]:
    """Q, K, V; float64, wanting gradients."""
    torch.manual_seed(5)
    lead = (batch, H) if heads else (batch,)
    return [torch.randn(*lead, length, D, requires_grad=True) for length in lengths]


def judge(subject: Subject) -> None:
    """The context, its gradients, and what a mask does."""
    alone = len(takes(subject.forward)) < 3 and subject.how is None
    if alone and isinstance(subject.it, torch.nn.Module):  # of x alone
        role("multi_head_attention").judge(subject)
        return
    turn(subject)
    found, named = _working(subject)
    Q, V = found[0], found[2]
    if not common.same_twice(subject, *found, named=named):
        subject.found[-1] = subject.found[-1].named("always_dropout")
        return
    shape = (*Q.shape[:-1], V.shape[-1])
    out, trace = subject.record(*found, named=named)
    context = _like(out, shape)
    seen = None
    if Q.ndim > 2:
        seen = properties.seen(subject, found, named, lambda out: _like(out, shape))
    given = {**dict(zip("QKV", found)), "keep": properties.causal(subject, seen)}
    if subject.found or subject.doubt:
        return
    fit = search(attend, given, [NOTHING], subject.parameters, context, trace, (), FAULTS)
    right = common.explain(subject, fit, trace)
    if right and fit:
        common.gradients(subject, attend, given, fit, context)
    elif seen and not subject.found:
        right = properties.judge(subject, seen, Q.shape[-1], free_scale=_scaled_outside(subject))
    if right and (mask := masks.named(subject, 3)):
        cross = Q.shape[-2] != found[1].shape[-2]
        # As many samples as heads: mixed up axes go unnoticed; else they crash.
        any(judge_mask(subject, mask, Q.ndim, cross, batch, named) for batch in (N, H))


def _scaled_outside(subject: Subject) -> bool:
    """Whether the caller gives a scale, which may be none."""
    names = [*takes(subject.forward), *made_with(subject.thing, ROLE.sizes)]
    return any(re.search("scale|temp", name) for name in names)


def turn(subject: Subject) -> None:
    """Where Q, K and V are taken in another order, it is called so."""
    letters = "".join(name.lower()[:1] for name in takes(subject.forward)[:3])
    if subject.how is None and sorted(letters) == ["k", "q", "v"] and letters != "qkv":

        def turned(it: Any, Q: Tensor, K: Tensor, V: Tensor, **named: Any) -> Any:
            given = {"q": Q, "k": K, "v": V}
            return it(*(given[letter] for letter in letters), **named)

        subject.how = turned


def judge_mask(
    subject: Subject, name: str, ndim: int, cross: bool, batch: int, named: Mapping[str, Any]
) -> bool:
    """Whether it could be told what a mask does."""
    queries, heads = L if cross else K, ndim == 4
    found = inputs(queries, K, K, heads=heads, batch=batch)
    shape = tuple(found[0].shape)

    def pick(out: Any) -> Tensor:
        return _like(out, shape)

    try:
        seen = properties.seen(subject, found, named, pick) if heads else None
    except CannotJudge:
        seen = None

    def expected(keep: Tensor | None, *changes: Change) -> Tensor | None:
        if seen:
            return properties.expected(seen, keep, *changes)
        given = {**dict(zip("QKV", found)), "keep": keep}
        return attempt(attend, given, NOTHING, {}, *changes)[1]

    def ask(mask: Tensor) -> Tensor:
        return pick(subject.run(*found, named={**named, name: mask}))

    return masks.judge(subject, name, ask, expected, (batch, queries, K, found[0].ndim))


def _working(subject: Subject) -> tuple[list[Tensor], dict[str, Any]]:
    """Q, K, V of a shape that the function takes, and what else it must be given."""
    if len(takes(subject.forward)) < 3 and subject.how is None:
        raise CannotJudge(
            "check_call", call=str(inspect.signature(subject.forward)), wanted="(Q, K, V)"
        )
    trouble: CannotJudge | None = None
    how = subject.how
    ways = [(True, False), (False, False), (True, True)]
    for lengths in ((L, K, K), (K, K, K)):
        for heads, turned in ways:
            found = inputs(*lengths, heads=heads)
            subject.how = _heads_last if turned else how
            extras = needed(subject.forward)[3:]
            options = [masks.fillings(name, (N, *lengths[:2]), D) for name in extras]
            for values in itertools.islice(itertools.product(*options), 60):
                named = dict(zip(extras, values))
                try:
                    subject.run(*found, named=named)
                except CannotJudge as error:
                    trouble = trouble or error
                    continue
                if not extras or properties.attends(subject, found, named, first):
                    subject.variants += ["heads_last"] if turned else []
                    return found, named
    assert trouble
    subject.how = how
    found = [x[0, 0].detach().requires_grad_() for x in inputs(L, K, K)]
    if written(subject.thing, "batch"):
        raise trouble
    try:
        subject.run(*found)
    except CannotJudge:
        raise trouble from None
    subject.variants.append("one_sequence")
    return found, {}


def _heads_last(it: Any, *given: Tensor, **named: Any) -> Any:
    """A call of what takes and gives [N L H d]."""
    out = it(*(x.transpose(1, 2) for x in given), **named)
    each = [x.transpose(1, 2) if x.ndim == 4 else x for x in (first(out), *rest(out))]
    return each[0] if isinstance(out, torch.Tensor) else tuple(each)


def _like(out: Any, shape: tuple[int, ...]) -> Tensor:
    """The output of this shape, wherever it stands among what was returned."""
    for each in [first(out), *rest(out)]:
        if tuple(each.shape) == shape:
            return each
    raise CannotJudge("check_shape", expected=list(shape), found=list(first(out).shape))


def fits(thing: Thing) -> bool:
    """Takes q, k and v, and has no weights of its own to make them."""
    it = thing.it.forward if thing.is_class and issubclass(thing.it, torch.nn.Module) else thing.it
    if not inspect.isfunction(it):
        return False
    names = [name.lower()[:1] for name in takes(it)]
    return sorted(names[:3]) == ["k", "q", "v"] and not made_with(thing, ROLE.sizes) & {
        "width",
        "heads",
    }


ROLE = Role(
    called=r"\w*(scaled_?)?(dot_?(product)?_?)attention\w*|sdpa|attention(_fn|_function)?|attn|attend|self_?attention_?(fn|function)?|attention",
    sizes=Sizes(sizes_known(), ("head_width",)),
    judge=judge,
    fits=fits,
    kinds=("function", "class"),
)
