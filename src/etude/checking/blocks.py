"""Encoder blocks under examination, alone or many in a whole: samples and steps kept apart, what each
sublayer is, what is dropped, gradients.

    N batch · L length · D width
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from etude.checking import common, heads, perceptrons, sublayers
from etude.checking.fit import difference
from etude.checking.graph import Graph, Node, core
from etude.checking.products import unused
from etude.checking.subject import Subject, first
from etude.checking.sublayers import Stream, Sublayer
from etude.checking.trace import TOLERANCE, Trace
from etude.shapes import Tensor

BATCH_FIRST = re.compile(r"[\[(]\s*(N|B|batch\w*)\s*,?\s*(L|T|S|seq\w*|n_?tok\w*|tokens|length)\b")
ENCODER = re.compile(r"\bencoder|encoder_?(block|layer|unit)|vi_?t\b|vision", re.IGNORECASE)
DECODER = re.compile(r"decod|gpt|causal|autoregress|language model|look.?ahead", re.IGNORECASE)


def one_moved(x: Tensor) -> Tensor:
    """x with other numbers for one token of one sample."""
    other = x.detach().clone()
    other[0, 1] = torch.randn(x.shape[-1])
    return other


def layout(subject: Subject, inputs: Sequence[Tensor], named: Mapping[str, Any]) -> bool:
    """Whether samples stay apart, along the axis that the thing takes for them. Faults:
    batch_first_missing, batch_mixed."""
    x, rest = inputs[0].detach(), [each.detach() for each in inputs[1:]]

    def call(x: Tensor) -> Tensor:
        return first(subject.run(x, *rest, named=named))

    whole = call(x)
    if whole.shape != x.shape:
        return True
    mixed = []
    for axis in (0, 1):
        moved = x.clone().transpose(0, axis)
        moved[1:] = torch.randn_like(moved[1:])
        far = difference(call(moved.transpose(0, axis)).select(axis, 0), whole.select(axis, 0))
        mixed.append(far > TOLERANCE)
    if mixed == [True, False] and not BATCH_FIRST.search(common.said(subject)):
        subject.variants.append("time_first")
        _turn(subject)
        return True
    return common.batch_apart(subject, call, x)


def _turn(subject: Subject) -> None:
    """Call it with steps first."""
    plain = subject.how

    def turned(it: Any, *inputs: Tensor, **named: Any) -> Any:
        made = [each.transpose(0, 1) for each in inputs]
        out = plain(it, *made, **named) if plain else it(*made, **named)
        return first(out).transpose(0, 1)

    subject.how = turned


def parts(
    subject: Subject, graph: Graph, found: Stream, other: Graph | None, before: int = 0
) -> None:
    """The attentions and MLPs, each by its values. before: sublayers after which `other` does not
    tell one token from the others any more."""
    causal = []
    codes: set[str] = {each.code for each in subject.found}
    for number, each in enumerate(found.sublayers):
        if each.part == "attention":
            told = heads.read(subject, graph, each, other if number == 0 else None, not subject.found)
            causal.append(told.causal)
            if told.fit and told.fit.fault:
                fault = told.fit.fault
                if fault.name not in codes:
                    lines = [common.where(told.fit, graph.trace, step) for step in fault.steps]
                    said = f"equal, to {told.fit.error:.0e}, to a reference with this one fault"
                    subject.fault(fault.name, max(lines, default=0), ("output of attention", "the reference's", said), **fault.facts)
            elif told.gap:
                doubt(subject, told.gap, each)
            elif told.fit:
                subject.hold("outputs", told.fit.error)
            codes.add(told.fit.fault.name if told.fit and told.fit.fault else "")
            note(subject, told.variants)
        elif each.part == "MLP":
            variant, code = perceptrons.form(graph, each)
            if code == "?":
                doubt(subject, "active", each)
            elif code and code not in codes:
                subject.fault(code, each.last.line)
                codes.add(code)
            note(subject, [variant] if variant else [])
        elif each.skips:
            doubt(subject, "hidden", each)
    styles(subject, graph, found)
    if any(causal):
        cause(subject, causal, found)


def doubt(subject: Subject, step: str, each: Sublayer) -> None:
    """What could not be explained, at a sublayer."""
    if subject.doubt is None:
        line = each.last.line or (each.total.line if each.total else 0)
        subject.doubt = ("check_no_match", {"step": step, "line": line})


def note(subject: Subject, variants: Sequence[str]) -> None:
    """Variants, each once."""
    subject.variants += [each for each in variants if each not in subject.variants]


def styles(subject: Subject, graph: Graph, found: Stream) -> None:
    """Name the choices of norms and scales."""
    said = set()
    for each in found.sublayers:
        norms = [graph.norm(entry) for entry in each.entries]
        said |= {norm.said for norm in (*norms, each.closing) if norm}
        if each.closing and not any(norms):
            note(subject, ["post_norm"])
        if any(node.kind == "scale" for node in each.behind):
            note(subject, ["layer_scale"])
        if any(graph.norm(node) for node in each.behind):
            note(subject, ["norm_behind_sublayer"])
        if each.lines or sum(other.total is each.total for other in found.sublayers) > 1:
            note(subject, ["parallel"] if each.total else [])
    note(subject, [name for name in ("rms_norm", "batch_norm", "group_norm") if name in said])


def cause(subject: Subject, causal: Sequence[bool], found: Stream) -> None:
    """A causal mask is a decoder's. Fault: causal_in_encoder, of what its author calls an encoder."""
    words = f"{subject.thing.name} {common.said(subject)}"
    attention = next(each for each in found.sublayers if each.part == "attention")
    if ENCODER.search(words) and not DECODER.search(words):
        line = next((n.line for n in attention.region.kinds("softmax") if n.line), 0)
        subject.fault("causal_in_encoder", line, ("keys that the first step sees", "all", "1"))
    else:
        note(subject, ["causal"])


def on_skip(
    subject: Subject, inputs: Sequence[Tensor], named: Mapping[str, Any] | None, lone: bool
) -> None:
    """In train mode nothing is dropped of what is handed on. Fault: dropout_on_skip."""
    out, trace = subject.record(*inputs, train=True, named=named)
    graph = Graph(trace, subject.parameters, inputs)
    end = graph.out(first(out))
    if end is None:
        return
    found = sublayers.stream(graph, end)
    lines = [node.line for node in dropped(graph, found, lone)]
    if lines:
        evidence = ("what follows a block in train mode, sublayers at zero", "as before it", "dropped")
        subject.fault("dropout_on_skip", lines[0], evidence)
    elif found.sublayers:
        subject.hold("skip_clean", 0.0)


def dropped(graph: Graph, found: Stream, lone: bool) -> list[Node]:
    """Dropouts, or random factors, of what is handed on. Before the first sublayer, and behind the
    last, they are allowed to a whole."""
    lost = []
    for number, each in enumerate(found.sublayers):
        reads = [core(entry) for entry in each.entries]
        for skip in each.skips:
            lost += [
                node for node in _way(skip)
                if _random(node) and (lone or number or not any(r.comes_of(node) for r in reads))
            ]  # fmt: skip
    ends = [n for n in found.tail if _random(n)] if lone else []
    between = [node for node, number in found.between if number and _random(node)]
    return [*lost, *between, *ends]


def _way(node: Node) -> list[Node]:
    """A value and those of which it is but a factor or another layout."""
    found = [node]
    end = core(node)
    while found[-1] is not end:
        found.append(found[-1].of[0])
    return found


def _random(node: Node) -> bool:
    noise = node.kind == "times" and any(v.numel() > 1 and made is None for v, made in node.beside)
    return node.kind == "drop" or noise


def norm_left_out(subject: Subject, trace: Trace) -> None:
    """Whether a norm is declared and not applied. Fault: norm_missing."""
    left = set(unused(trace, subject.parameters))
    kept = [(n, m) for n, m in subject.it.named_modules() if "norm" in type(m).__name__.lower()]
    for number, (name, _) in enumerate(kept):
        if f"{name}.weight" in left and not subject.found:
            evidence = (f"norm self.{name}", "applied", "declared alone")
            part = "attention" if number == 0 else "MLP"
            subject.fault("norm_missing", subject.line_in("forward"), evidence, part=part)


def slopes(subject: Subject, inputs: Sequence[Tensor], named: Mapping[str, Any] | None) -> None:
    """Gradients are the slopes of the output. Fault: gradient_differs, where something is
    detached."""
    far, trace = common.slope(subject, inputs, named)
    if far < 1e-4:
        subject.hold("gradients", far)
    elif line := trace.line("detach", "data", "numpy", "item"):
        subject.fault("gradient_differs", line, ("gradient", "the slope of the output", f"{far:.2g} apart"), name="x")
    elif subject.doubt is None:
        subject.doubt = ("check_no_match", {"step": "output", "line": 0})
