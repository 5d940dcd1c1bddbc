"""A Transformer for sequences: [N L Q], or token ids [N L], -> [N L D], or logits; an encoder, a
decoder, or the stack of blocks alone.

    N batch · L length · Q input features · D width · K blocks

A. Vaswani et al., "Attention Is All You Need" (2017), sections 3.1 and 3.5.
"""

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from etude.checking import blocks, calls, common, padded, positions, readouts, wording
from etude.checking.build import Sizes
from etude.checking.fit import difference
from etude.checking.graph import Graph
from etude.checking.roles import Role, made_with, written
from etude.checking.source import CannotJudge, Thing
from etude.checking.subject import Subject, first
from etude.checking.sublayers import Stream
from etude.checking.trace import TOLERANCE, Trace
from etude.shapes import Tensor

N, L, Q, D, H, M, K, CLASSES, WORDS = 2, 5, 6, 12, 3, 20, 2, 7, 11
TIME_FIRST = re.compile(r"[\[(]\s*(L|T|S|seq\w*|time|length)\s*,\s*(N|B|batch\w*)\b")


def judge(subject: Subject) -> None:
    """Modes, samples and steps; blocks; positions; the readout; gradients; padding."""
    if not common.registered(subject):
        return
    if subject.how is None and TIME_FIRST.search(wording.said(subject)):
        turn(subject)
    inputs, named = calls.called(subject, sequences(subject))
    if not common.same_twice(subject, *inputs, named=named):
        return
    if not layout(subject, inputs, named):
        return
    common.spread(subject)
    out, trace = subject.record(*inputs, named=named)
    out = first(out)
    graph = Graph(trace, subject.parameters, inputs)
    end = graph.out(out)
    if end is None:
        raise CannotJudge("check_no_product", what="encoder blocks")
    n, length = inputs[0].shape[:2]
    if not positions.judge(subject, trace, subject.parameters, n, length):
        return
    found = blocks.examine(subject, inputs, named, graph, end)
    readouts.steps(subject, graph, found[0])
    if len(inputs) == 1:
        places(subject, inputs[0], named, found[0], trace)
    blocks.settle(subject, inputs, named, out, trace)
    if not subject.found and len(inputs) == 1:
        padded.judge(subject, inputs[0], named)


def sequences(subject: Subject, batch: int = N) -> list[Tensor]:
    """What it may read, the likeliest first: token ids where it has a table for them, else
    features; of few steps, else of as many as its parameters have rows."""
    torch.manual_seed(9)
    tables = [m for m in subject.it.modules() if isinstance(m, nn.Embedding)]
    words = min([subject.sizes.get("vocabulary") or WORDS, *(t.num_embeddings for t in tables[:1])])
    ids = bool(tables) and ("inputs" not in subject.sizes or "vocabulary" in subject.sizes)
    widths = [subject.sizes.get("inputs"), subject.sizes.get("width"), *_widths(subject)]
    rows = [p.shape[-2] for p in subject.parameters.values() if p.ndim in (2, 3)]
    found: list[Tensor] = []
    for length in dict.fromkeys([L, subject.sizes.get("length") or L, *rows]):
        if not 2 < length <= 512:
            continue
        floats = [
            torch.randn(batch, length, int(w), requires_grad=True)
            for w in dict.fromkeys(widths)
            if w
        ]
        tokens = [torch.randint(min(2, words - 1), words, (batch, length))] if tables else []
        found += [*tokens, *floats] if ids else [*floats, *tokens]
    return found[:24]


def _widths(subject: Subject) -> list[int]:
    """Sizes that its first products read."""
    return [int(p.shape[1]) for p in subject.parameters.values() if p.ndim == 2][:4]


def layout(subject: Subject, inputs: Sequence[Any], named: Mapping[str, Any]) -> bool:
    """Whether samples stay apart, along the axis that the thing takes for them. Faults:
    batch_first_missing, batch_mixed."""
    x = inputs[0].detach()

    def call(x: Tensor) -> Tensor:
        return first(subject.run(x, *inputs[1:], named=named))

    out = call(x)
    if len(inputs) > 1 and x.is_floating_point() is False:
        return True
    samples = out.ndim != 3 and out.shape[0] == x.shape[1] != x.shape[0]
    mixed = [_mixes(call, x, axis, out) for axis in (0, 1)]
    steps = mixed == [True, False] and out.shape[:2] == x.shape[:2]
    if (steps or samples) and subject.how is None and not _declared(subject, x, named):
        turn(subject)
        return True
    if not x.is_floating_point():
        return common.apart(subject, mixed[0])
    return common.batch_apart(subject, call, x)


def _mixes(call: Any, x: Tensor, axis: int, out: Tensor) -> bool:
    """Whether what stands at 0 of an axis depends on the rest of it."""
    if out.ndim <= axis or out.shape[axis] != x.shape[axis]:
        return axis == 1
    moved = x.clone().transpose(0, axis)
    moved[1:] = (
        torch.randn_like(moved[1:]) if x.is_floating_point() else moved[1:].flip(-1).roll(1, -1)
    )
    there = call(moved.transpose(0, axis))
    return difference(there.select(axis, 0), out.select(axis, 0)) > TOLERANCE


def _declared(subject: Subject, x: Tensor, named: Mapping[str, Any]) -> bool:
    """Whether samples come first by what is said, or by where positions are added."""
    if blocks.BATCH_FIRST.search(wording.said(subject)):
        return True
    trace = subject.record(x, named=named)[1]
    for make, _ in positions.table(trace, subject.parameters):
        value = make(subject.parameters)
        if value.ndim >= 2 and value.shape[-2] == x.shape[1] != 1:
            return True
    return False


def turn(subject: Subject) -> None:
    """Call it with steps first."""
    subject.variants.append("time_first")

    def turned(it: Any, x: Tensor, *more: Any, **named: Any) -> Any:
        out = first(it(x.transpose(0, 1), *more, **named))
        return out.transpose(0, 1) if out.ndim == 3 else out

    subject.how = turned


WHOLE = re.compile(
    r"sequence|series|time|step|text|sentence|forecast|signal|sensor|token|word|language",
    re.IGNORECASE,
)


def places(
    subject: Subject, x: Tensor, named: Mapping[str, Any], main: Stream, trace: Trace
) -> None:
    """Without positions the order of the steps would not count. It is no business of a stack that
    gets its tokens embedded. Fault: positions_missing."""
    if subject.found or x.shape[1] < 3:
        return
    order = [1, 0, *range(2, x.shape[1])]

    def call(x: Tensor) -> Tensor:
        return first(subject.run(x, named=named))

    moved, plain = call(x[:, order]), call(x)
    same = moved.ndim == 3 and moved.shape[1] == x.shape[1]
    far = difference(moved[:, order] if same else moved, plain)
    if far > TOLERANCE:
        return
    if main.root.kind == "input":
        blocks.note(subject, ["without_positions"])
    elif not x.is_floating_point() or WHOLE.search(inspect.getsource(type(subject.it))):
        evidence = ("output when two steps change places", "another", f"{far:.1g} apart")
        line = next((call.line for call in trace.calls if call.line), 0)
        subject.fault("positions_missing", line, evidence)
    else:
        blocks.gap(subject, "positions")


def fits(thing: Thing) -> bool:
    """Made with a number of blocks and of heads, and not of patches."""
    known = made_with(thing, ROLE.sizes)
    return {"depth", "heads"} <= known and not written(thing, r"patch|conv2d|img|image")


ROLE = Role(
    called=r"(?!\w*(block|layer|mlp)\w*)(\w*transformer(_?(encoder|classifier|model|net|regressor|forecaster))?\w*|\w*text_?classifier\w*|\w*gpt\w*|\w*bert\w*|\w*language_?model\w*|\w*encoder(_?(only|stack))?\w*)",
    sizes=Sizes(
        {
            "heads": H,
            "head_width": D // H,
            "ratio": 2,
            "mlp": M,
            "dropout": 0.3,
            "depth": K,
            "length": 16,
            "vocabulary": WORDS,
            "classes": CLASSES,
            "inputs": Q,
            "width": D,
        },
        ("inputs", "width", "heads", "depth", "mlp", "classes"),
        "width",
    ),
    judge=judge,
    fits=fits,
)
