"""The sublayers of encoder blocks, read off the graph of a forward: from the output back to what
enters, along the values that are handed on from one sum to the next.

    N batch · L length · D width
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

from etude.checking.graph import Graph, Node, Norm, Residual, core

STREAM = ("input", "sum", "join", "place", "table", "conv", "linear", "shift")
"""What a norm before a sublayer normalises; another norm stands within a sublayer."""


@dataclass(eq=False)
class Region:
    """The values of a sublayer. entries: what it reads; linears: products with weights."""

    nodes: list[Node]
    entries: list[Node]

    def kinds(self, *kinds: str) -> list[Node]:
        """Of the values in it, in order, those of these kinds."""
        found = [node for node in self.nodes if node.kind in kinds]
        return sorted(found, key=lambda node: node.number)


@dataclass(eq=False)
class Sublayer:
    """One sublayer. part: attention, MLP or other; total: the sum in which it ends; skips: what is
    added to it; last: its own last product, behind which stand scales and norms, `behind`; raw: the
    same as the author laid it out; closing: the norm of the sum; lines: of the
    sums, where several sublayers are added to one skip."""

    part: str
    region: Region
    last: Node
    raw: Node
    total: Node | None = None
    skips: tuple[Node, ...] = ()
    behind: list[Node] = field(default_factory=list)
    closing: Norm | None = None
    lines: frozenset[int] = frozenset()

    @property
    def entries(self) -> list[Node]:
        """What it reads."""
        return self.region.entries

    @property
    def names(self) -> tuple[str, ...]:
        """Of its weights."""
        found = [
            n
            for node in self.region.kinds("linear")
            for n in (node.call.names if node.call else ())
        ]
        return tuple(dict.fromkeys(found))


@dataclass(eq=False)
class Stream:
    """What is handed on. root: what enters the first sublayer; sublayers: from it on; tail: what
    comes behind the last one, the output first; between: what stands between sublayers that is
    neither a sum nor a norm, with the number of sublayers behind it."""

    root: Node
    sublayers: list[Sublayer]
    tail: list[Node]
    between: list[tuple[Node, int]]


def region(graph: Graph, start: Node, stops: Iterable[Node] = ()) -> Region:
    """All that a value was made of, back to what is handed on: what is in `stops`, a sum with a
    skip, a norm of these."""
    stop = set(map(id, stops))
    nodes: list[Node] = []
    entries: dict[int, Node] = {}
    todo, seen = [(start, False)], set()
    while todo:
        node, scores = todo.pop()
        if (node.number, scores) in seen:
            continue
        seen.add((node.number, scores))
        if node is not start and (id(node) in stop or _enters(graph, node, scores, stop)):
            entries[node.number] = node
            continue
        if (node.number, not scores) not in seen:
            nodes.append(node)
        scores = (scores or node.kind == "softmax") and node.kind != "linear"
        todo += [(each, scores) for each in node.of]
        if not node.of:
            entries[node.number] = node
    return Region(nodes, sorted(entries.values(), key=lambda node: node.number))


def _enters(graph: Graph, node: Node, scores: bool, stop: Container[int]) -> bool:
    """Whether a sublayer begins behind this value. scores: whether it goes into scores as it is."""
    if node.kind == "input" or node.number in graph.sums:
        return True
    norm = graph.norm(node)
    if norm is None or id(norm.of) in stop:
        return norm is not None
    if scores and norm.of.kind in ("linear", "part", "pick", "shift"):
        return False
    return norm.of.kind in STREAM or graph.norm(norm.of) is not None


def part_of(found: Region) -> str:
    """Which sublayer these values are."""
    if found.kinds("softmax"):
        return "attention"
    if len(found.kinds("linear")) >= 2:
        return "MLP"
    return "other"


def sublayer(
    graph: Graph, branch: Node, total: Node | None = None, found: Residual | None = None
) -> Sublayer:
    """What a branch is, which is added to a skip in `total`, or to nothing."""
    behind, node = [], branch
    while True:
        raw, node = node, core(node)
        norm = graph.norm(node)
        scaled = node.kind in ("scale", "shift") and node.use is not None and norm is None
        if norm is not None and norm.of.kind not in ("input", "sum"):
            behind.append(node)
            node = norm.of
        elif scaled and node.kind == "scale":
            behind.append(node)
            node = node.of[0]
        else:
            break
    skips = found.skips if found else ()
    inner = region(graph, node, [core(each) for each in skips])
    lines = found.lines if found and len(found.branches) > 1 else frozenset()
    return Sublayer(part_of(inner), inner, node, raw, total, skips, behind, None, lines)


def stream(graph: Graph, out: Node) -> Stream:
    """The sublayers behind an output."""
    found: list[Sublayer] = []
    loose: list[Node] = []  # since the last sublayer, the output first
    tail: list[Node] | None = None
    between: list[tuple[Node, int]] = []
    node, closing = out, None
    while True:
        norm = graph.norm(node)
        if sums := graph.sums.get(node.number):
            order = sorted(sums.branches, key=lambda each: -each.number)
            mine = [sublayer(graph, each, node, sums) for each in order]
            for each in mine:
                each.closing = closing
            if tail is None:
                tail = loose
            else:
                found += _skipless(graph, loose)
                between += [(each, len(found)) for each in loose]
            found, loose, closing = found + mine, [], None
            node = _earlier(graph, mine, sums.skips[0])
            continue
        if norm is not None:
            loose.append(node)
            closing, node = norm, norm.of
            continue
        if not node.of or not graph.deep(node):
            break
        loose.append(node)
        closing = closing if node.kind in ("layout", "drop") else None
        if node.kind == "linear":
            inner = region(graph, node)
            if inner.kinds("softmax") and inner.entries[-1].value.numel() == node.value.numel():
                tail = loose[:-1] if tail is None else tail
                found.append(Sublayer("attention", inner, node, node, closing=closing))
                loose, node = [], inner.entries[-1]
                continue
        node = max(filter(graph.deep, node.of), key=lambda each: each.number)
    between += [(each, len(found)) for each in loose] if tail is not None else []
    if tail is None:
        tail, loose = loose, []
    found = _skipless(graph, tail) + found + _skipless(graph, loose)
    root = core(node)
    if norm := graph.norm(root):
        between, root = [*between, (root, len(found))], norm.of
    return Stream(root, found[::-1], tail, [(each, len(found) - i) for each, i in between])


def _earlier(graph: Graph, found: Sequence[Sublayer], skip: Node) -> Node:
    """What comes before a sum: its skip, or a later sum which its branch reads."""
    for each in found:
        for entry in each.entries:
            norm = graph.norm(entry)
            value = norm.of if norm else core(entry)
            if (
                value.number in graph.sums
                and value is not core(skip)
                and value.comes_of(core(skip))
            ):
                return value
    return skip


def _skipless(graph: Graph, loose: Sequence[Node]) -> list[Sublayer]:
    """An MLP among values that follow each other without a sum."""
    linear = [node for node in loose if node.kind == "linear"]
    return [
        Sublayer("MLP", inner, up, up)
        for up, down in zip(linear, linear[1:])
        if (inner := region(graph, up)).kinds("linear")[:1] == [down]
        and down.of[0].value.shape[-1] == up.value.shape[-1]
    ]
