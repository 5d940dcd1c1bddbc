"""Encoder blocks one after another, for the wholes that have them: what a block's weights are, and
whether the skip path stays clean from the first to the last.

    N batch · L length · D width · K blocks
"""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

from etude.checking import common, norms
from etude.checking.fit import Meant, Option, attempt, narrow, weights
from etude.checking.products import Use, spare, unused, uses
from etude.checking.program import Change, Steps
from etude.checking.roles import encoder_block as eb
from etude.checking.roles import multi_head_attention as mha
from etude.checking.subject import Subject
from etude.checking.trace import Trace, Weights
from etude.shapes import Tensor


def chained(s: Steps) -> Tensor:
    """s.tokens [N L D] through all of s.blocks."""
    x: Tensor = s.tokens
    for each in s.blocks:
        x = s.play(eb.block, x=x, **each)
    return x


def discarded(s: Steps) -> Tensor:
    """Every block's output is thrown away."""
    for each in s.blocks:
        s.play(eb.block, x=s.tokens, **each)
    tokens: Tensor = s.tokens
    return tokens


def only_last(s: Steps) -> Tensor:
    """Every block reads the first one's input, so the last one's output is all there is."""
    x: Tensor = s.tokens
    for each in s.blocks:
        x = s.play(eb.block, x=s.tokens, **each)
    return x


def only_first(s: Steps) -> Tensor:
    """The loop ends after one block."""
    x: Tensor = s.play(eb.block, x=s.tokens, **s.blocks[0])
    return x


FAULTS = (
    Change("block_outputs_discarded", {"chain": discarded}),
    Change("only_last_layer_used", {"chain": only_last}),
    Change("only_first_layer_used", {"chain": only_first}),
    Change("softmax_in_output", {"logits": lambda s: logits(s).softmax(-1)}),
    Change("softmax_in_output", {"logits": lambda s: logits(s).sigmoid()}),
    Change(
        "norm_missing",
        {"normed": lambda s: s.chain, "readout": lambda s: s.picked},
        {"part": "readout"},
    ),
)


def final_norm(s: Steps, x: Tensor) -> Tensor:
    """The norm behind the blocks, where there is one."""
    return x if s.gF is None else eb.layer_norm(x, s.gF, s.cF, s.eps)


def logits(s: Steps) -> Tensor:
    """The head: a product, or several with an activation between them."""
    x: Tensor = s.readout
    for i, (weight, bias) in enumerate(s.head):
        x = (s.other("head_activation", torch.tanh)(x) if i else x) @ weight.mT + bias
    return x


HEADS = (
    common.plain("tanh_head"),
    Change("gelu_head", {"head_activation": F.gelu}),
    Change("relu_head", {"head_activation": F.relu}),
    Change("linear_head", {"head_activation": lambda x: x}),
)
LAST_NORM = (
    common.plain("norm_before_readout"),
    Change(
        "norm_after_readout",
        {
            "normed": lambda s: s.chain,
            "readout": lambda s: final_norm(s, s.picked),
        },
    ),
)
"""Where the last norm stands."""


NUMBERED = re.compile(r"(.*?)\.?\b(\d+)\.")


@dataclass(frozen=True)
class Body:
    """The uses of weights of a whole, cut: before the blocks, each block's, after them."""

    head: list[Use]
    blocks: list[list[Use]]
    norms: list[tuple[Use, Use | None]]
    tail: list[Use]

    def final_norm(self) -> tuple[Use, Use | None] | None:
        """The norm after the last block, where there is one."""
        extra = len(self.norms) - 2 * len(self.blocks)
        return self.norms[-1] if extra == 1 else None


def last(body: "Body", P: Weights, made: dict[str, Any]) -> dict[str, Any]:
    """The norm behind the blocks, where there is one, and the products of the head."""
    final = body.final_norm()
    found: dict[str, Any] = {"gF": None, "cF": None, "eps": made["blocks"][0]["eps"]}
    if final:
        scale, shift = final
        found["gF"] = scale.weight(P).flatten()
        other = shift.weight if shift else scale.bias
        found["cF"] = other(P).flatten() if other else torch.zeros_like(found["gF"])
    found["head"] = [(use.weight(P), use.bias(P) if use.bias else 0.0) for use in body.tail]
    return found


def depth_of(subject: Subject) -> int:
    """How many blocks it was made with; else the most numbers under which parameters are alike."""
    if "depth" in subject.sizes:
        return int(subject.sizes["depth"])
    stems: dict[str, set[str]] = {}
    for name in subject.parameters:
        for match in re.finditer(r"\.(\d+)\.", f".{name}"):
            stem = f".{name}"[: match.start()]
            if len(re.findall(r"\.\d+\.", f".{name}"[: match.end()])) == 1:
                stems.setdefault(stem, set()).add(match[1])
    counts = [len(found) for stem, found in stems.items()]
    return max(counts, default=1)


def cut(trace: Trace, P: Weights, width: int, depth: int, first: int) -> Iterator[Body]:
    """Uses cut into blocks. first: how many products come before them; those of the head behind
    are tried from one on, none last."""
    found = uses(trace, P)
    linear = [use for use in found if use.kind == "linear"]
    pairs = norms.scales(found, P, width)
    for last in (1, 2, 0, 3):
        body = linear[first : len(linear) - last]
        if body and len(body) % depth == 0 and len(body) // depth >= 3:
            size = len(body) // depth
            blocks = [body[i * size : (i + 1) * size] for i in range(depth)]
            alike = {tuple(use.shape(P) for use in block) for block in blocks}
            if len(alike) == 1 and eb.closes(blocks[0], size - 2, P, width):
                yield Body(linear[:first], blocks, pairs, linear[len(linear) - last :])


def meanings(
    body: Body, P: Weights, heads: Sequence[int], extra: Sequence[Use], width: int, eps: float
) -> Iterator[Meant]:
    """What the products of all blocks may be, the same for each: {"blocks": [...]}."""
    each = []
    for i, linear in enumerate(body.blocks):
        pair = body.norms[2 * i : 2 * i + 2]
        own = [use for use in extra if _number(use) == _number(linear[0])]
        each.append(
            [
                (inner.said, eb.made(inner.make, linear[-2:], pair, width, eps))
                for inner in mha.meanings(linear[:-2], P, heads, own)
            ]
        )
    for same in zip(*each):
        yield Meant(same[0][0], _blocks([make for _, make in same]))


def _blocks(
    makes: Sequence[Callable[[Weights], Mapping[str, Any]]],
) -> Callable[[Weights], Mapping[str, Any]]:
    return lambda P: {"blocks": [make(P) for make in makes]}


def _number(use: Use) -> str:
    """The block's number in a parameter's name."""
    found = re.search(r"\.(\d+)\.", f".{use.names[0]}")
    return found[1] if found else ""


def _place(use: Use) -> int:
    """When it happened."""
    assert use.call is not None
    return use.call.number


def shared(subject: Subject, body: Body) -> bool:
    """Blocks have weights of their own. Fault: layers_shared."""
    names = [tuple(use.names for use in block) for block in body.blocks]
    if len(set(names)) == len(names):
        return True
    evidence = ("blocks with weights of their own", str(len(names)), str(len(set(names))))
    subject.fault("layers_shared", common.repeated_at(subject), evidence)
    return False


def narrowed(subject: Subject, trace: Trace, body: Body, width: int) -> list[Option]:
    """Meanings and variants of the blocks, told from the first one on what the user gave it."""
    P = subject.parameters
    extra = spare(unused(trace, P), P)
    heads = mha.heads_of(subject, width)
    options = itertools.chain.from_iterable(
        meanings(body, P, heads, extra, width, eps) for eps in norms.epsilons(trace, subject.it)
    )
    given = {"x": entered(trace, P, len(body.head), False), "keep": None}
    groups = (eb.ORDER, eb.activations(trace))
    return narrow(_first, given, options, P, trace, groups, 4)


def explaining(
    subject: Subject, trace: Trace, options: Iterable[Option], before: int,
    more: Sequence[Change] = (),
) -> list[Change]:  # fmt: skip
    """Faults of a block, and `more`, with which the first gives what the user's forward gives."""
    P = subject.parameters
    given = {"x": entered(trace, P, before, False), "keep": None}
    found: dict[int, Change] = {}
    for meant, variants in options:
        for number, fault in enumerate((*eb.FAULTS, *more)):
            _, out = attempt(_first, given, meant, P, *variants, fault)
            if out is not None and trace.holds(out):
                found.setdefault(number, fault)
    return list(found.values())


def early(subject: Subject, trace: Trace) -> bool:
    """Whether all blocks but the first are left out. Fault: only_first_layer_used."""
    left = set(unused(trace, subject.parameters))
    used: dict[tuple[str, str], bool] = {}
    for name in subject.parameters:
        if match := NUMBERED.match(name):
            used[match[1], match[2]] = used.get((match[1], match[2]), False) or name not in left
    for stem in {stem for stem, _ in used}:
        own = {number: taken for (s, number), taken in used.items() if s == stem}
        if len(own) > 1 and own.get("0") and not any(own[n] for n in own if n != "0"):
            evidence = ("blocks that are used", str(len(own)), "1")
            subject.fault("only_first_layer_used", subject.line_in("forward"), evidence)
            return True
    return False


def _first(s: Steps) -> Tensor:
    """The first block alone."""
    out: Tensor = s.play(eb.block, **s.blocks[0])
    return out


def entered(trace: Trace, P: Weights, before: int, post: bool) -> Tensor:
    """What the user gave the first block: what reached its first norm, or, post-norm, its first
    product. before: products before the blocks."""
    found = uses(trace, P)
    product = [use for use in found if use.kind == "linear"][before]
    if not post:
        earlier = [
            use for use in found if use.kind in ("norm", "scale") and _place(use) < _place(product)
        ]
        if earlier:
            return norms.into(trace, earlier[-1])
    return product.x


def heads(options: Iterable[Option], P: Weights) -> Sequence[Change]:
    """What may stand between the products of a head; one choice where it has a single product."""
    made = [weights(meant, P) for meant, _ in options]
    return HEADS if any(each and len(each["head"]) > 1 for each in made) else HEADS[:1]
