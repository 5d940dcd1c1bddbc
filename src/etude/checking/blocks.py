"""Encoder blocks under examination, alone or many in a whole: samples and steps kept apart, what
each sublayer is, what is dropped.

    N batch · L length · D width
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from etude.checking import block_faults, common, heads, perceptrons, slopes, sublayers, wording
from etude.checking.build import takes
from etude.checking.fit import difference
from etude.checking.graph import Graph, Node, core
from etude.checking.products import unused
from etude.checking.source import CannotJudge
from etude.checking.subject import Subject, first
from etude.checking.sublayers import Stream, Sublayer
from etude.checking.trace import TOLERANCE, Trace
from etude.shapes import Tensor

BATCH_FIRST = re.compile(r"[\[(]\s*(N|B|batch\w*)\s*,?\s*(L|T|S|seq\w*|n_?tok\w*|tokens|length)\b")
ENCODER = re.compile(r"\bencoder|encoder_?(block|layer|unit)|vi_?t\b|vision", re.IGNORECASE)
SHARED = re.compile(r"shar(e|ing)|albert|universal|recurren|tied", re.IGNORECASE)
LANGUAGE = re.compile(
    r"gpt|causal|auto-?regressi|language.?model|next.?(token|char)|decoder.?only", re.IGNORECASE
)
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
    if mixed == [True, False] and not BATCH_FIRST.search(wording.said(subject)):
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
            if heads.blind(each):
                if "mask_inverted" not in codes:
                    line = next((n.line for n in each.region.kinds("softmax") if n.line), 0)
                    evidence = ("keys that are hidden where nothing is padded", "none", "all")
                    subject.fault("mask_inverted", line, evidence, said="hide", wanted="keep")
                    codes.add("mask_inverted")
                continue
            told = heads.read(
                subject, graph, each, other if number == 0 else None, not subject.found
            )
            causal.append(told.causal)
            if told.fit and told.fit.fault:
                fault = told.fit.fault
                if fault.name not in codes:
                    lines = [common.where(told.fit, graph.trace, step) for step in fault.steps]
                    said = f"equal, to {told.fit.error:.0e}, to a reference with this one fault"
                    subject.fault(
                        fault.name,
                        max(lines, default=0),
                        ("output of attention", "the reference's", said),
                        **fault.facts,
                    )
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
        if len({id(block_faults.base(graph, entry)[0]) for entry in each.entries}) > 1:
            note(subject, ["cross_attention"] if each.part == "attention" else [])
    styles(subject, graph, found)
    cause(subject, causal, found)


def doubt(subject: Subject, step: str, each: Sublayer) -> None:
    """What could not be explained, at a sublayer."""
    if subject.doubt is None:
        line = each.last.line or (each.total.line if each.total else 0)
        subject.doubt = ("check_no_match", {"step": step, "line": line})


def gap(subject: Subject, step: str, line: int = 0) -> None:
    """What could not be explained, of a whole."""
    if subject.doubt is None:
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
    """A causal mask is a decoder's. Faults: causal_in_encoder, of what is called an encoder;
    causal_missing, of a language model that sees the token it is to predict."""
    words = f"{subject.thing.name} {wording.said(subject)}"
    attention = [each for each in found.sublayers if each.part == "attention"]
    lines = [n.line for each in attention for n in each.region.kinds("softmax") if n.line]
    line = lines[0] if lines else 0
    if any(causal):
        if ENCODER.search(words) and not DECODER.search(words):
            evidence = ("keys that the first step sees", "all", "1")
            subject.fault("causal_in_encoder", line, evidence)
        else:
            note(subject, ["causal"])
        return
    told = any("mask" in name or "causal" in name for name in takes(subject.forward))
    sure = not (subject.found or subject.doubt or "cross_attention" in subject.variants)
    if attention and sure and not told and LANGUAGE.search(words):
        evidence = ("later steps that the first step sees", "none", "all")
        subject.fault("causal_missing", line, evidence)


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
        evidence = (
            "what follows a block in train mode, sublayers at zero",
            "as before it",
            "dropped",
        )
        subject.fault("dropout_on_skip", lines[0], evidence)
    elif found.sublayers:
        subject.hold("skip_clean", 0.0)


def dropped(graph: Graph, found: Stream, lone: bool) -> list[Node]:
    """Dropouts, or random factors, of what is handed on. Before the first sublayer, and behind the
    last, they are allowed to a whole."""
    lost = []
    for number, each in enumerate(found.sublayers):
        for skip in each.skips:
            lost += [
                node for node in _way(skip)
                if _random(node) and (lone or number or not each.last.comes_of(node))
            ]  # fmt: skip
    segments = [found.tail] if lone else []
    for number in {number for _, number in found.between if number}:
        segments.append([node for node, other in found.between if other == number])
    for segment in segments:  # with a product in it, it hands nothing on as it is
        if all(n.kind in ("layout", "drop", "times") or graph.norm(n) for n in segment):
            lost += [node for node in segment if _random(node)]
    return lost


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


# Wholes -------------------------------------------------------------------------------------------

NUMBERED = re.compile(r"(.*?)\.?\b(\d+)\.")


def lost(subject: Subject, graph: Graph, found: Stream, end: Node) -> bool:
    """Blocks that change nothing of the output. Faults: only_first_layer_used,
    only_last_layer_used, block_outputs_discarded."""
    cores = [node for node in graph.nodes if node.kind == "softmax"]
    alive = [end.comes_of(node) for node in cores]
    line = wording.loop_at(subject)
    left = set(unused(graph.trace, subject.parameters))
    numbers: dict[str, dict[str, bool]] = {}
    for name in subject.parameters:
        if match := NUMBERED.match(name):
            own = numbers.setdefault(match[1], {})
            own[match[2]] = own.get(match[2], False) or name not in left
    for own in numbers.values():
        if len(own) > 1 and own.get("0") and not any(own[n] for n in own if n != "0"):
            evidence = ("blocks that are used", str(len(own)), "1")
            subject.fault("only_first_layer_used", subject.line_in("forward"), evidence)
            return True
    if not cores or all(alive) or (len(cores) < 2 and any(alive)):
        return False
    code = "block_outputs_discarded"
    if any(alive):
        code = "only_last_layer_used" if alive[-1] else "only_first_layer_used"
    subject.fault(code, line, ("blocks that reach the output", str(len(cores)), str(sum(alive))))
    return True


def shared(subject: Subject, found: Stream) -> bool:
    """Whether all blocks have one block's weights. Fault: layers_shared."""
    names = [each.names for each in found.sublayers if each.part == "attention"]
    if len(names) < 2 or len(set(names)) == len(names) or not names[0]:
        return False
    if SHARED.search(f"{subject.thing.name} {wording.said(subject)}"):
        note(subject, ["shared_layers"])
        return False
    evidence = ("blocks with weights of their own", str(len(names)), str(len(set(names))))
    subject.fault("layers_shared", common.repeated_at(subject), evidence)
    return True


def streams(graph: Graph, end: Node) -> list[Stream]:
    """What is handed on to the output; then what is handed on to a context that its blocks read."""
    found, todo = [], [end]
    while todo:
        each = sublayers.stream(graph, todo.pop())
        found.append(each)
        roots = [stream.root for stream in found]
        for sub in each.sublayers:
            for entry in sub.entries:
                fresh = not any(entry.comes_of(root) for root in roots)
                if fresh and graph.deep(entry) and all(entry is not other for other in todo):
                    todo.append(entry)
    return found


def examine(
    subject: Subject, inputs: Sequence[Tensor], named: Mapping[str, Any], graph: Graph, end: Node,
) -> list[Stream]:  # fmt: skip
    """Blocks in a whole: which are used, what each is, what is dropped between them."""
    found = streams(graph, end)
    main = found[0]
    if lost(subject, graph, main, end) or shared(subject, main):
        on_skip(subject, inputs, named, lone=False)
        return found
    for each in found:
        told = list(block_faults.faults(subject, graph, each, False))
        block_faults.told(subject, told, sum(sub.part == "attention" for sub in each.sublayers))
        parts(subject, graph, each, None)
    on_skip(subject, inputs, named, lone=False)
    if not any(each.sublayers for each in found):
        raise CannotJudge("check_no_product", what="encoder blocks")
    return found


def settle(
    subject: Subject, inputs: Sequence[Tensor], named: Mapping[str, Any], out: Tensor, trace: Trace
) -> None:
    """What must hold of any whole: all parameters learn, by the slopes of the output."""
    if not subject.found:
        norm_left_out(subject, trace)
        common.learns(subject, out, trace)
        if [each.code for each in subject.found] == ["unused_parameters"]:
            subject.found.clear()  # a head that the caller applies, say: no value shows it
            note(subject, ["unused_parameters"])
    if not subject.found:
        slopes.judge(subject, inputs, named)
