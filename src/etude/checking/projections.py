"""Q, K and V: what a user's products with weights may be, where their meaning is open.

    D width · H heads · d head width

Which third of a fused product is Q, and how its heads lie, is not written anywhere: all meanings
are offered, the likeliest first.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from einops import rearrange

from etude.checking.products import Use
from etude.checking.trace import Weights
from etude.shapes import Tensor

CALLED = {
    "Q": r"q|query|queries", "K": r"k|key|keys", "V": r"v|value|values|val",
}  # fmt: skip
SPLITS = ("(t h d) D", "(h t d) D", "(h d t) D", "(t d h) D", "(d h t) D", "(d t h) D")
"""How rows of a fused product may lie: which of the three, which head, which of its numbers."""


def called(names: Sequence[str]) -> str:
    """Q, K or V by the name of a parameter; '' if it does not say, or says several."""
    words = re.split(r"[._\d]+", " ".join(names).lower().replace("weight", "").replace("bias", ""))
    words = [w for word in words for w in re.split(r"\s+", word)]
    hits = set()
    for letter, pattern in CALLED.items():
        full = re.compile(rf"(w|to|lin|linear|proj|fc)?({pattern})(w|s|lin|linear|proj|fc|layer)?")
        if any(full.fullmatch(word) for word in words):
            hits.add(letter)
    return hits.pop() if len(hits) == 1 else ""


@dataclass(frozen=True)
class Mapping3:
    """Makes the three projections [(h d) D] with their biases. said: in words."""

    said: str
    make: Callable[[Weights], dict[str, Any]] = field(compare=False)


def projections(found: Sequence[Use], P: Weights, heads: int) -> Iterator[Mapping3]:
    """All meanings of the products before the scores; the likeliest first."""
    rows = [use.shape(P)[0] for use in found]
    if len(found) == 1 and rows[0] % 3 == 0:
        for split in SPLITS:
            for order in itertools.permutations("QKV"):
                yield Mapping3(
                    f"{'/'.join(order)} fused as {split}", _fused(found[0], split, order, heads)
                )
    elif len(found) == 2 and max(rows) == 2 * min(rows):
        pair, one = sorted(found, key=lambda use: -use.shape(P)[0])
        for split in SPLITS:
            for order in (
                *itertools.permutations("KV"),
                *itertools.permutations("QK"),
                *itertools.permutations("QV"),
            ):
                rest = (set("QKV") - set(order)).pop()
                yield Mapping3(
                    f"{'/'.join(order)} fused as {split}, {rest} apart",
                    _both(pair, one, split, order, rest, heads),
                )
    elif len(found) == 3 or (len(found) == 3 * heads and heads > 1):
        apart = [[[use] for use in found]] if len(found) == 3 else _per_head(found, heads)
        for three in apart:
            yield from _three(three, heads, P)


def _per_head(found: Sequence[Use], heads: int) -> Iterator[list[list[Use]]]:
    """3 H products of single heads as three groups: alike by name, else by turns, else by rows."""
    stems: dict[str, list[Use]] = {}
    for use in found:
        stems.setdefault(re.sub(r"\d+", "#", use.names[0]), []).append(use)
    if sorted(map(len, stems.values())) == [heads] * 3:
        yield [
            sorted(group, key=lambda u: [int(n) for n in re.findall(r"\d+", u.names[0])])
            for group in stems.values()
        ]
    yield [list(found[i::3]) for i in range(3)]
    yield [list(found[i * heads : (i + 1) * heads]) for i in range(3)]


def _three(groups: Sequence[Sequence[Use]], heads: int, P: Weights) -> Iterator[Mapping3]:
    names = [called(group[0].names) for group in groups]
    orders = list(itertools.permutations("QKV"))
    orders.sort(key=lambda order: -sum(a == b for a, b in zip(order, names)))
    for layout in ("(h d)", "(d h)") if len(groups[0]) == 1 else ("(h d)",):
        for order in orders:
            said = ", ".join(
                f"{letter} = {group[0].names[0]}" for letter, group in zip(order, groups)
            )
            yield Mapping3(f"{said}; {layout}", _apart(groups, order, layout, heads))


def _bias(use: Use, P: Weights) -> Tensor:
    return use.bias(P) if use.bias else torch.zeros(use.shape(P)[0], dtype=use.weight(P).dtype)


def _slots(letter: str, weight: Tensor, bias: Tensor) -> dict[str, Tensor]:
    return {f"W{letter}": weight, f"b{letter}": bias}


def _fused(
    use: Use, split: str, order: Sequence[str], heads: int
) -> Callable[[Weights], dict[str, Any]]:
    def make(P: Weights) -> dict[str, Any]:
        found: dict[str, Any] = {}
        weight = rearrange(use.weight(P), f"{split} -> t (h d) D", t=len(order), h=heads)
        bias = rearrange(_bias(use, P), f"{split[:-2]} -> t (h d)", t=len(order), h=heads)
        for i, letter in enumerate(order):
            found |= _slots(letter, weight[i], bias[i])
        return found

    return make


def _both(
    pair: Use, one: Use, split: str, order: Sequence[str], rest: str, heads: int
) -> Callable[[Weights], dict[str, Any]]:
    first, second = _fused(pair, split, order, heads), _apart([[one]], rest, "(h d)", heads)
    return lambda P: {**first(P), **second(P)}


def _apart(
    groups: Sequence[Sequence[Use]], order: Sequence[str], layout: str, heads: int
) -> Callable[[Weights], dict[str, Any]]:
    def make(P: Weights) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for letter, group in zip(order, groups):
            weight = torch.cat([use.weight(P) for use in group])
            bias = torch.cat([_bias(use, P) for use in group])
            weight = rearrange(weight, f"{layout} D -> (h d) D", h=heads)
            bias = rearrange(bias, f"{layout} -> (h d)", h=heads)
            found |= _slots(letter, weight, bias)
        return found

    return make
