"""Scaled dot-product attention: Q K V -> context, as a function or a module.

    N batch · H heads · L queries · K keys · d head width

A. Vaswani et al., "Attention Is All You Need" (2017), equation 1.
"""

import inspect
import math
from typing import Any

import torch

from etude.checking import common, masks
from etude.checking.build import Sizes, takes
from etude.checking.fit import NOTHING, attempt, search
from etude.checking.program import Change, Steps
from etude.checking.roles import Role, made_with, role
from etude.checking.source import CannotJudge, Thing
from etude.checking.subject import Subject, first, rest
from etude.shapes import Tensor

N, H, L, K, D = 2, 3, 4, 5, 6


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
    }


def inputs(*lengths: int, heads: bool = True, batch: int = N) -> list[Tensor]:
    """Q, K, V; float64, wanting gradients."""
    torch.manual_seed(5)
    lead = (batch, H) if heads else (batch,)
    return [torch.randn(*lead, length, D, requires_grad=True) for length in lengths]


def judge(subject: Subject) -> None:
    """The context, its gradients, and what a mask does."""
    if len(takes(subject.forward)) < 3 and subject.parameters:  # it makes Q, K and V itself
        role("multi_head_attention").judge(subject)
        return
    turn(subject)
    found = _working(subject)
    Q, V = found[0], found[2]
    if not common.same_twice(subject, *found):
        subject.found[-1] = subject.found[-1].named("always_dropout")
        return
    out, trace = subject.record(*found)
    context = _like(out, (*Q.shape[:-1], V.shape[-1]))
    given = {**dict(zip("QKV", found)), "keep": None}
    fit = search(attend, given, [NOTHING], subject.parameters, context, trace, (), FAULTS)
    if common.explain(subject, fit, trace, certain=True) and fit:
        common.gradients(subject, attend, given, fit, context)
    if fit and fit.right and (mask := masks.parameter(subject.forward)):
        cross = found[0].shape[-2] != found[1].shape[-2]
        # As many samples as heads: mixed up axes go unnoticed; else they crash.
        any(judge_mask(subject, mask, len(Q.shape) == 4, cross, batch) for batch in (N, H))


def turn(subject: Subject) -> None:
    """Where Q, K and V are taken in another order, it is called so."""
    letters = "".join(name.lower()[:1] for name in takes(subject.forward)[:3])
    if subject.how is None and sorted(letters) == ["k", "q", "v"] and letters != "qkv":

        def turned(it: Any, Q: Tensor, K: Tensor, V: Tensor, **named: Any) -> Any:
            given = {"q": Q, "k": K, "v": V}
            return it(*(given[letter] for letter in letters), **named)

        subject.how = turned


def judge_mask(subject: Subject, name: str, heads: bool, cross: bool, batch: int) -> bool:
    """Whether it could be told what a mask does."""
    queries = L if cross else K
    found = inputs(queries, K, K, heads=heads, batch=batch)
    given = dict(zip("QKV", found))

    def expected(keep: Tensor | None, *changes: Change) -> Tensor | None:
        return attempt(attend, {**given, "keep": keep}, NOTHING, {}, *changes)[1]

    def ask(mask: Tensor) -> Tensor:
        out = subject.run(*found, named={name: mask})
        return _like(out, tuple(found[0].shape))

    return masks.judge(subject, name, ask, expected, (batch, queries, K, found[0].ndim))


def _working(subject: Subject) -> list[Tensor]:
    """Q, K, V of a shape that the function takes."""
    if len(takes(subject.forward)) < 3 and subject.how is None:
        raise CannotJudge(
            "check_call", call=str(inspect.signature(subject.forward)), wanted="(Q, K, V)"
        )
    trouble: CannotJudge | None = None
    for lengths in ((L, K, K), (K, K, K)):
        for heads in (True, False):
            found = inputs(*lengths, heads=heads)
            try:
                subject.run(*found)
                return found
            except CannotJudge as error:
                trouble = trouble or error
    assert trouble
    raise trouble


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
