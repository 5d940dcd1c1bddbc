"""The weights of an LSTM cell, however they are stored: which rows are which gate.

    D hidden width · E width of what the cell reads · gates i input, f forget, g candidate, o output

Rows may be fused in any order, apart, of cat(x, h) or of each, with one bias, two or none;
peepholes let a gate see the cell state.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from einops import rearrange

from etude.checking.fit import Meant
from etude.checking.products import Use
from etude.checking.trace import Make, Weights

GATES = "ifgo"
CALLED = {
    "i": r"i|in|inp|input|update|write|remember",
    "f": r"f|forget|keep|fg",
    "g": r"g|c|cell|candidate|cand|tilde|new|n|ctilde|chat|modulation|block|a|z",
    "o": r"o|out|output|expose|read",
}
SPLITS = ("(t d)", "(d t)")
"""How rows of a fused product may lie: which gate, which of its numbers."""
Part = Callable[[Use], str]
"""What a product reads: "x", "h", "xh", "hx", "c" (a peephole), "b" (a bias); '' if not told."""


def called(name: str) -> str:
    """The gate that a parameter's name says, its last word first; '' if none or several."""
    for part in reversed(name.lower().split(".")):
        hits = set()
        for word in re.split(r"[_\d]+", re.sub(r"weight|bias|gate|linear", "", part)):
            for gate, pattern in CALLED.items():
                if re.fullmatch(rf"(w|u|b|x|h|i|c|p|fc|lin){{0,2}}({pattern})(x|h|t)?", word):
                    hits.add(gate)
        if hits:
            return hits.pop() if len(hits) == 1 else ""
    return ""


@dataclass(frozen=True)
class Rows:
    """The rows of one gate in one product or bias. make: [D columns], or [D] of a bias."""

    part: str
    name: str
    make: Make = field(compare=False)
    bias: Make | None = field(compare=False, default=None)


@dataclass(frozen=True)
class Widths:
    """D of the state, E of what the cell reads."""

    D: int
    E: int


def distinct(found: Sequence[Use], P: Weights) -> list[Use]:
    """Each product once, the first time: a loop over steps repeats them."""
    first: dict[Any, Use] = {}
    for use in found:
        weight = use.weight(P)
        key = (use.kind, use.names, tuple(weight.shape), tuple(weight.flatten()[:4].tolist()))
        first.setdefault(key, use)
    return list(first.values())


def rows(use: Use, part: str, P: Weights, D: int, split: str) -> list[Rows]:
    """A product's or bias's rows, gate by gate; [] where they are no gates' rows."""
    count, left = divmod(use.weight(P).numel() if part in "bc" else use.shape(P)[0], D)
    if part == "c" and len(use.shape(P)) == 2 and use.kind == "linear":
        count, left = divmod(use.shape(P)[0], D)
    if left or not count:
        return []

    def cut(make: Make, k: int, flat: bool) -> Make:
        def of(P: Weights) -> Any:
            whole = make(P).flatten() if flat else make(P)
            more = "" if flat else " e"
            return rearrange(whole, f"{split}{more} -> t d{more}", d=D)[k]

        return of

    flat = part == "b" or use.kind == "scale"
    name, bias = use.names[0], use.bias
    biases = [cut(bias, k, True) if bias else None for k in range(count)]
    return [Rows(part, name, cut(use.weight, k, flat), biases[k]) for k in range(count)]


def beside(one: Sequence[Rows], other: Sequence[Rows]) -> list[Rows | None]:
    """For each of `one` its row of the other kind: by name where all have one, else by turns."""
    names, others = [called(r.name) for r in one], [called(r.name) for r in other]
    if all(names) and all(others) and len(set(others)) == len(others):
        return [next((r for r, n in zip(other, others) if n == name), None) for name in names]
    return [other[k] if k < len(other) else None for k in range(len(one))]


def meanings(
    found: Sequence[Use], part: Part, P: Weights, widths: Widths, extra: Sequence[Use] = ()
) -> Iterator[Meant]:
    """All that the products of a cell may be; the likeliest, by their names, first. extra: those
    declared and never used."""
    fused = any(use.weight(P).numel() and use.shape(P)[0] > widths.D for use in found)
    for split in SPLITS if fused else SPLITS[:1]:
        parts: dict[str, list[Rows]] = {"x": [], "h": [], "b": [], "c": []}
        for use in found:
            if which := part(use):
                parts[which[:1] if which != "hx" else "x"] += rows(use, which, P, widths.D, split)
        for use in extra:
            _fill(parts, use, P, widths)
        lead = parts["x"] or parts["h"]
        if not 3 <= len(lead) <= 4:
            continue
        beside_h = beside(lead, parts["h"]) if parts["x"] else [None] * len(lead)
        gates = list(zip(lead, beside_h, beside(lead, parts["b"])))
        names = [called(row.name) for row in lead]
        orders = list(itertools.permutations(GATES, len(lead)))
        orders.sort(key=lambda order: -sum(a == b for a, b in zip(order, names)))
        for order in orders:
            each = dict(zip(order, gates))
            said = f"{'/'.join(order)} as {split}"
            yield Meant(said, _slots(each, _peepholes(parts["c"], order), widths))


def _fill(parts: Mapping[str, list[Rows]], use: Use, P: Weights, widths: Widths) -> None:
    """A declared product in the place of a missing one."""
    columns, wanted = use.shape(P)[1], use.shape(P)[0] // widths.D
    which = {widths.E: "x", widths.D: "h", widths.E + widths.D: "xh"}.get(columns, "")
    if which and len(parts[which[:1]]) + wanted <= 4:
        parts[which[:1]].extend(rows(use, which, P, widths.D, SPLITS[0]))


def _peepholes(found: Sequence[Rows], order: Sequence[str]) -> dict[str, Rows]:
    """Of the gates: by name, else in order, the candidate having none."""
    names = [called(row.name) for row in found]
    if not all(names) or len(set(names)) < len(names):
        names = [gate for gate in order if gate != "g"]
    return dict(zip(names, found))


def _slots(
    each: Mapping[str, tuple[Rows | None, ...]], peep: Mapping[str, Rows], widths: Widths
) -> Callable[[Weights], dict[str, Any]]:
    """Makes Wx, Wh, b, peep by gate; what has no rows is zero, or not there at all."""

    def make(P: Weights) -> dict[str, Any]:
        D, E = widths.D, widths.E
        like = next(iter(P.values()))
        Wx: dict[str, Any] = {}
        Wh: dict[str, Any] = {}
        b: dict[str, Any] = {}
        for gate in GATES:
            found = each.get(gate, ())
            Wx[gate], Wh[gate] = like.new_zeros(D, E), like.new_zeros(D, D)
            b[gate] = like.new_zeros(D)
            for row in filter(None, found):
                made = row.make(P)
                if row.part == "b":
                    b[gate] = b[gate] + made
                    continue
                if row.bias:
                    b[gate] = b[gate] + row.bias(P)
                if row.part in ("x", "xh", "hx"):
                    Wx[gate] = made[:, D:] if row.part == "hx" else made[:, :E]
                if row.part in ("h", "xh", "hx"):
                    Wh[gate] = made[:, :D] if row.part == "hx" else made[:, -D:]
        return {"Wx": Wx, "Wh": Wh, "b": b, "peep": {g: row.make(P) for g, row in peep.items()}}

    return make
