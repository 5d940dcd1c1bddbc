"""From a user's forward to the reference's weights, and from outputs that differ to the fault.

    D width · H heads · d head width

Products with weights are read off the trace in the order in which they happen. Where their meaning
is open (which third of a fused product is Q) all meanings are tried, and the one that fits is said.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from einops import rearrange

from etude.examiner.program import Change, Program, Steps
from etude.examiner.trace import TOLERANCE, Call, Make, Trace, Weights, same_values
from etude.shapes import Tensor

KEPT = 24
"""Mappings that are tried with faults: those that share most steps with the user's forward."""


@dataclass(frozen=True)
class Use:
    """A product with weights, or another use of them. weight: of "linear" as [out in]."""

    kind: str
    names: tuple[str, ...]
    line: int
    weight: Make
    bias: Make | None
    call: Call | None = None

    @property
    def x(self) -> Tensor:
        """What went in."""
        assert self.call is not None
        return next(v for v, made in zip(self.call.ins, self.call.made) if made is None)

    @property
    def y(self) -> Tensor:
        """What came out."""
        assert self.call is not None
        return self.call.outs[0]

    def shape(self, P: Weights) -> tuple[int, ...]:
        """Of the weight."""
        return tuple(self.weight(P).shape)


def uses(trace: Trace, P: Weights) -> list[Use]:
    """The uses of weights in a forward, in order; a bias added later belongs to its product."""
    found: list[Use] = []
    for call in trace.calls:
        name = call.name.strip("_")
        if not any(call.made) or all(call.made):
            continue
        use = _product(call, name) or _other(call, name)
        if use is None:
            continue
        last = found[-1] if found else None
        if use.kind == "add" and last and last.kind in ("linear", "conv") and last.bias is None:
            data = use.x
            if (
                data.shape[-1]
                and use.weight(P).numel() in last.shape(P)[:1]
                and same_values(data, last.y)
            ):
                names = last.names + use.names
                found[-1] = Use(
                    last.kind, names, last.line, last.weight, _flat(use.weight), last.call
                )
                continue
        found.append(use)
    return found


def _flat(make: Make) -> Make:
    return lambda P: make(P).flatten()


def _product(call: Call, name: str) -> Use | None:
    """A product of data with weights, as [out in]."""
    made = call.made
    if name == "linear":
        bias = made[2].make if len(made) > 2 and made[2] else None
        return Use("linear", call.names, call.line, made[1].make, bias, call) if made[1] else None
    if name == "addmm" and made[0] and made[2]:
        weight = made[2].make
        return Use("linear", call.names, call.line, lambda P: weight(P).mT, made[0].make, call)
    if name in ("matmul", "mm", "bmm", "rmatmul") and len(made) == 2:
        if made[1] and not made[0]:
            return Use("linear", call.names, call.line, _columns(made[1].make), None, call)
        if made[0] and not made[1]:
            return Use("linear", call.names, call.line, made[0].make, None, call)
    if name == "einsum" and len(made) == 2 and bool(made[0]) != bool(made[1]):
        made_of = _einsum(call)
        return Use("linear", call.names, call.line, made_of, None, call) if made_of else None
    return None


def _columns(make: Make) -> Make:
    """x @ W with W [in out], or [... H in d], as rows."""

    def rows(P: Weights) -> Tensor:
        weight = make(P)
        if weight.ndim == 1:
            return weight[None]
        if weight.ndim == 2:
            return weight.mT
        return rearrange(weight.flatten(0, -3), "h i o -> (h o) i")

    return rows


def _einsum(call: Call) -> Make | None:
    """The weight in an einsum as rows, in the order in which the output has its axes."""
    equation = next((a for a in call.args if isinstance(a, str)), "").replace(" ", "")
    left, arrow, out = equation.partition("->")
    operands = left.split(",")
    if not arrow or len(operands) != 2 or "." in equation:
        return None
    which = 0 if call.made[0] else 1
    w, x = operands[which], operands[1 - which]
    inner = [c for c in x if c in w and c not in out]
    outer = [c for c in out if c in w and c not in x]
    made = call.made[which]
    if made is None or sorted(inner + outer) != sorted(w):
        return None
    pattern = f"{' '.join(w)} -> ({' '.join(outer)}) ({' '.join(inner)})"
    return lambda P: rearrange(made.make(P), pattern)


KINDS = {
    "layer_norm": "norm", "batch_norm": "batch_norm", "conv2d": "conv", "conv1d": "conv",
    "embedding": "embedding", "add": "add", "iadd": "add", "radd": "add", "cat": "join",
    "concat": "join", "concatenate": "join", "mul": "scale", "imul": "scale", "rmul": "scale",
    "lstm": "lstm", "group_norm": "group_norm", "rms_norm": "rms_norm", "prelu": "prelu",
}  # fmt: skip


def _other(call: Call, name: str) -> Use | None:
    """What is done with weights other than a product."""
    kind = KINDS.get(name)
    made = [each for each in call.made if each]
    if kind is None:
        return None
    bias = made[1].make if len(made) > 1 else None
    return Use(kind, call.names, call.line, made[0].make, bias, call)


def unused(trace: Trace, parameters: Weights) -> list[str]:
    """Parameters that no call took."""
    taken = {name for call in trace.calls for name in call.names}
    return [name for name in parameters if name not in taken]


def spare(names: Iterable[str], P: Weights) -> list[Use]:
    """Products that were declared and never used: a matrix with the bias of the same prefix."""
    names = list(names)
    found = []
    for name in names:
        if P[name].ndim == 2:
            other = re.sub(r"weight$", "bias", name)
            bias = other if other != name and other in names else ""
            pair = (name, bias) if bias else (name,)
            found.append(Use("linear", pair, 0, _of(name), _of(bias) if bias else None))
    return found


def _of(name: str) -> Make:
    return lambda P: P[name]


# Q, K and V ---------------------------------------------------------------------------------------

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
                *itertools.permutations("QK"),
                *itertools.permutations("QV"),
                *itertools.permutations("KV"),
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


# The search ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Meant:
    """One meaning of the user's weights. make: the reference's, of the user's by name."""

    said: str
    make: Callable[[Weights], Mapping[str, Any]] = field(compare=False)


NOTHING = Meant("", lambda P: {})
"""Of a program without weights."""


@dataclass(frozen=True)
class Fit:
    """How a user's output came out. meant, variants: of the reference that is nearest; fault: the
    one that explains it, None where it is right or not explained; error: largest difference, of the
    largest number; steps: of the reference, and whether the user's forward has their values."""

    right: bool
    meant: Meant
    variants: tuple[Change, ...]
    fault: Change | None
    error: float
    steps: tuple[tuple[str, bool], ...]
    log: tuple[tuple[str, Tensor], ...] = ()

    @property
    def first_missing(self) -> str:
        """The first step whose values the user's forward does not have; ''."""
        return next((name for name, there in self.steps if not there), "")


def difference(found: Tensor, expected: Tensor) -> float:
    """Largest difference, as a share of the largest expected number; infinite where shapes differ
    or numbers are not finite."""
    if found.shape != expected.shape:
        return float("inf")
    largest = float(expected.detach().abs().max()) or 1.0
    far = float((found.detach().double() - expected.detach().double()).abs().max()) / largest
    return far if far == far else float("inf")


def search(
    program: Program,
    given: Mapping[str, Any],
    meanings: Iterable[Meant],
    P: Weights,
    out: Tensor,
    trace: Trace,
    groups: Sequence[Sequence[Change]] = (),
    faults: Sequence[Change] = (),
    kept: int = KEPT,
) -> Fit | None:
    """The meaning, variants (one of each group; the first is the plain one) and fault that give the
    user's output; None where there is nothing to try. Faults are tried with the `kept` that share
    most steps with the user's forward."""
    tried: list[tuple[int, float, Meant, tuple[Change, ...], Steps]] = []
    for meant in meanings:
        for variants in itertools.product(*groups):
            steps, result = attempt(program, given, meant, P, *variants)
            error = float("inf") if result is None else difference(out, result)
            if error < TOLERANCE:
                seen = _seen(steps, trace)
                return Fit(True, meant, variants, None, error, seen, tuple(steps.log))
            tried.append((_common(steps, trace), error, meant, variants, steps))
    tried.sort(key=lambda each: -each[0])
    for _, _, meant, variants, right in tried[:kept]:
        for fault in faults:
            steps, result = attempt(program, given, meant, P, *variants, fault)
            if result is not None and (error := difference(out, result)) < TOLERANCE:
                seen = _seen(right, trace)
                return Fit(False, meant, variants, fault, error, seen, tuple(steps.log))
    if not tried:
        return None
    _, error, meant, variants, steps = tried[0]
    return Fit(False, meant, variants, None, error, _seen(steps, trace), tuple(steps.log))


def narrow(
    program: Program,
    given: Mapping[str, Any],
    meanings: Iterable[Meant],
    P: Weights,
    trace: Trace,
    groups: Sequence[Sequence[Change]] = (),
    most: int = 3,
) -> list[tuple[Meant, tuple[Change, ...]]]:
    """Of a part of a whole: the meanings and variants that share most steps with the user's
    forward, at most so many; one alone where all its steps are there."""
    tried: list[tuple[int, Meant, tuple[Change, ...]]] = []
    for meant in meanings:
        for variants in itertools.product(*groups):
            steps, result = attempt(program, given, meant, P, *variants)
            common = _common(steps, trace)
            if result is not None and common == len(steps.log):
                return [(meant, variants)]
            tried.append((common, meant, variants))
    tried.sort(key=lambda each: -each[0])
    return [(meant, variants) for _, meant, variants in tried[:most]]


def attempt(
    program: Program, given: Mapping[str, Any], meant: Meant, P: Weights, *changes: Change
) -> tuple[Steps, Tensor | None]:
    """Play a program with these weights; None where the shapes do not fit together."""
    made = weights(meant, P)
    steps = Steps({**given, **(made or {})}, *changes)
    if made is None:
        return steps, None
    try:
        return steps, program(steps)
    except NO_FIT:
        return steps, None


NO_FIT = (RuntimeError, ValueError, IndexError, AttributeError, KeyError, TypeError)
"""What torch and a program raise where shapes, or what is there, do not fit together."""


def weights(meant: Meant, P: Weights) -> Mapping[str, Any] | None:
    """The reference's weights; None where the user's cannot be these."""
    try:
        return meant.make(P)
    except NO_FIT:
        return None


def _common(steps: Steps, trace: Trace) -> int:
    return sum(trace.holds(value) for _, value in steps.log)


def _seen(steps: Steps, trace: Trace) -> tuple[tuple[str, bool], ...]:
    return tuple((name, trace.holds(value)) for name, value in steps.log)
