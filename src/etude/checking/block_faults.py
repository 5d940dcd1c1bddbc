"""What is wrong with the order in which sublayers, skips and norms follow each other: told by which
value went where, block by block, so that several faults are told at once.

    N batch · L length · D width
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from etude.checking.graph import Graph, Node, core
from etude.checking.source import lines_where
from etude.checking.subject import Subject
from etude.checking.sublayers import Stream, Sublayer
from etude.checking.verdict import Finding

PARTS = {"attention": "attention", "MLP": "MLP", "other": "MLP"}


@dataclass(frozen=True)
class Fault:
    """One fault at one sublayer. number: of the sublayer."""

    code: str
    part: str
    line: int
    number: int
    facts: tuple[tuple[str, str], ...] = ()


def base(graph: Graph, entry: Node) -> tuple[Node, bool]:
    """What enters a sublayer before its norm; whether there is a norm."""
    norm = graph.norm(entry)
    return (norm.of, True) if norm else (core(entry), False)


def faults(subject: Subject, graph: Graph, found: Stream, lone: bool) -> Iterator[Fault]:
    """Of all sublayers, in their order. lone: one block, whose input is the root."""
    styled = [any(base(graph, e)[1] for e in each.entries) for each in found.sublayers]
    normed = any(styled) or any(each.closing or _behind(graph, each) for each in found.sublayers)
    for number, each in enumerate(found.sublayers):
        line = each.total.line if each.total else each.last.line
        where = (PARTS[each.part], line, number)
        earlier = found.sublayers[number - 1] if number else None
        again = earlier is not None and lone and each.names == earlier.names
        if each.names and (again or _twice(each)):
            yield Fault("sublayer_applied_twice", *where)
            continue
        for code in _of(subject, graph, found, each, number, lone, styled, normed):
            yield Fault(code, *where)
        for axis in _axes(graph, each):
            yield Fault("norm_wrong_axis", *where, (("axis", axis),))
        if earlier and _same_norm(graph, earlier, each):
            yield Fault("norm_shared", *where)


def _twice(each: Sublayer) -> bool:
    """Whether an MLP runs through its own products again."""
    own = [node.names for node in each.region.kinds("linear")]
    return each.part == "MLP" and len(set(own)) < len(own)


def _behind(graph: Graph, each: Sublayer) -> bool:
    return any(graph.norm(node) for node in each.behind)


def _of(
    subject: Subject, graph: Graph, found: Stream, each: Sublayer, number: int, lone: bool,
    styled: Sequence[bool], normed: bool,
) -> Iterator[str]:  # fmt: skip
    """Codes of one sublayer: its skip, then what it reads."""
    if not each.skips:
        yield "skip_missing"
        return
    if len(each.skips) > 1:
        yield "skip_added_twice"
    peers = [other.part for other in found.sublayers if other.total is each.total]
    if each.part == "MLP" and "attention" in peers and not parallel(subject, each.lines):
        yield "mlp_reads_block_input"
    skip = core(each.skips[0])
    own = [base(graph, e) for e in each.entries if e.comes_of(found.root) or core(e) is found.root]
    if not own:
        return
    if each.part == "attention" and _keys_raw(graph, each, skip):
        yield "keys_values_not_normalised"
        return
    value, pre = own[-1]
    node = core(each.entries[-1])
    own_norm = graph.norm(skip)
    if node is skip or (value is skip and not pre):
        if each.closing and not (lone and number == 0 and _starts_normed(graph, found, each)):
            return
        if own_norm and _starts(graph, found, number, styled, lone):
            yield "skip_from_normalised"
        elif normed and not _behind(graph, each):
            yield "norm_missing"
    elif value is skip:
        return
    elif own_norm and own_norm.of is value:
        yield "skip_from_normalised"
    elif value.comes_of(skip):
        yield "skip_from_block_input"


def _keys_raw(graph: Graph, each: Sublayer, skip: Node) -> bool:
    """Whether the same value enters an attention with its norm and without."""
    forms: dict[int, set[bool]] = {}
    for entry in each.entries:
        value, pre = base(graph, entry)
        forms.setdefault(id(value), set()).add(pre)
    return forms.get(id(skip)) == {True, False}


def _starts(graph: Graph, found: Stream, number: int, styled: Sequence[bool], lone: bool) -> bool:
    """Whether the norm on a skip belongs to the sublayer behind it and not to the one before."""
    if number == 0:
        return lone
    before = found.sublayers[number - 1]
    return styled[number - 1] or not before.skips or graph.norm(core(before.skips[0])) is not None


def _starts_normed(graph: Graph, found: Stream, each: Sublayer) -> bool:
    """Whether a lone block begins with a norm of its input and ends without one."""
    norm = graph.norm(core(each.skips[0]))
    ends = any(graph.norm(node) for node in found.tail)
    return norm is not None and norm.of is found.root and not ends


def parallel(subject: Subject, lines: frozenset[int]) -> bool:
    """Whether sublayers are added in one statement, which is a block of parallel sublayers."""
    if len(lines) < 2:
        return True

    def holds(node: ast.AST) -> bool:
        plain = isinstance(node, ast.Assign | ast.Return | ast.AugAssign | ast.Expr)
        end = getattr(node, "end_lineno", 0) or 0
        return plain and all(node.lineno <= line <= end for line in lines)  # type: ignore[attr-defined]

    thing = subject.thing.it if subject.thing.is_class else type(subject.it)
    return bool(lines_where(thing, holds))


def _axes(graph: Graph, each: Sublayer) -> Iterator[str]:
    norms = [graph.norm(entry) for entry in each.entries] + [each.closing]
    for norm in norms:
        if norm and norm.said in ("tokens", "samples", "other_axis"):
            yield "samples" if norm.said == "samples" else "tokens"
            return


def _same_norm(graph: Graph, a: Sublayer, b: Sublayer) -> bool:
    """Whether one norm serves two places of a block."""
    if a.part == b.part:
        return False
    pairs = [(graph.norm(x.entries[-1]) if x.entries else None, x.closing) for x in (a, b)]
    for one, other in zip(*pairs):
        if one and other and one.names and one.of is not other.of and one.names == other.names:
            return True
    return False


def told(subject: Subject, found: Sequence[Fault], blocks: int) -> None:
    """Note faults, each once, with the number of blocks that have it."""
    order = sorted({each.code for each in found}, key=[each.code for each in found].index)
    for code in order:
        own = [each for each in found if each.code == code]
        parts: list[str] = [p for p in ("attention", "MLP") if p in {each.part for each in own}]
        part = " and ".join(parts) or own[0].part
        count = max(sum(each.part == p for each in own) for p in parts or [own[0].part])
        evidence = (
            (("blocks with this fault", "0", f"all {blocks}" if count >= blocks else str(count)),)
            if blocks > 1
            else ()
        )
        facts = {"part": part, **dict(own[0].facts)}
        line = min((each.line for each in own if each.line), default=0)
        subject.found.append(Finding(code, line, facts, evidence))
