"""A Transformer block: attention, then an MLP, each with a norm and a skip; an encoder's or a
decoder's.

    N batch · L length · D width

Pre-norm: A. Dosovitskiy et al., "An Image is Worth 16x16 Words" (2021), equations 2 and 3.
Post-norm: A. Vaswani et al., "Attention Is All You Need" (2017), section 3.1.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from etude.checking import block_faults, blocks, common, masks, sublayers
from etude.checking.build import Sizes, needed
from etude.checking.fit import attempt, difference
from etude.checking.graph import Graph, Node, core
from etude.checking.products import unused
from etude.checking.program import Change
from etude.checking.roles import Role, made_with, written
from etude.checking.roles import multi_head_attention as mha
from etude.checking.source import CannotJudge, Thing
from etude.checking.subject import Subject, first
from etude.checking.sublayers import Stream, Sublayer
from etude.checking.trace import TOLERANCE, Trace
from etude.shapes import Tensor

N, L, D, H, M = 2, 5, 12, 3, 20


def judge(subject: Subject) -> None:
    """Modes, samples and steps; which values lead to which; attention, MLP, skips; gradients; what
    a mask does."""
    if not common.registered(subject):
        return
    inputs, named = called(subject)
    if not common.same_twice(subject, *inputs, named=named):
        return
    if not blocks.layout(subject, inputs, named):
        return
    common.spread(subject)
    out, trace = subject.record(*inputs, named=named)
    out = first(out)
    graph = Graph(trace, subject.parameters, inputs)
    end = graph.out(out)
    if end is None or out.shape != inputs[0].shape:
        raise CannotJudge("check_no_product", what="attention and MLP")
    found = sublayers.stream(graph, end)
    other = Graph(subject.record(blocks.one_moved(inputs[0]), *inputs[1:], named=named)[1], subject.parameters, [])
    told = block_faults.faults(subject, graph, found, True)
    block_faults.told(subject, list(told), 1)
    dead(subject, graph, found, end)
    blocks.parts(subject, graph, found, other)
    blocks.on_skip(subject, inputs, named, lone=True)
    if not subject.found:
        blocks.norm_left_out(subject, trace)
        common.learns(subject, out, trace)
        blocks.slopes(subject, inputs, named)
        complete(subject, found)
    if not subject.found and not subject.doubt:
        any(judge_mask(subject, found, batch) for batch in (N, 3))
        common.coarser(subject, lambda x: first(subject.run(x, *[c.to(x.dtype) for c in inputs[1:]], named=named)), inputs[0].detach(), out)


def called(subject: Subject) -> tuple[list[Tensor], dict[str, Any]]:
    """Inputs and named arguments with which it runs: those of the file's own whole, else x and, as
    it needs them, a context and masks that hide nothing."""
    for args, kwargs in getattr(subject, "samples", ()) or ():
        values = [v for v in args if isinstance(v, torch.Tensor) and v.is_floating_point() and v.ndim == 3]
        if values and len(values) == len(args) and values[0].shape[0] > 1 and values[0].shape[1] > 3:
            torch.manual_seed(7)
            made = [torch.randn(v.shape, requires_grad=True) for v in values]
            if _runs(subject, made, dict(kwargs)):
                return made, dict(kwargs)
    torch.manual_seed(7)
    x = torch.randn(N, L, mha.width_of(subject), requires_grad=True)
    must = needed(subject.forward)
    masked = [name for name in must[1:] if masks.MASK.fullmatch(name)]
    context = [torch.randn(N, L, x.shape[-1], requires_grad=True) for name in must[1:] if name not in masked]
    wholes: list[Mapping[str, Any]] = [dict.fromkeys(masked)]
    for shape in masks.shapes(N, L, L):
        wholes += [dict.fromkeys(masked, f(shape)) for f in (torch.ones, torch.zeros)]
    for named in wholes if masked else [{}]:
        rest = dict(zip([n for n in must[1:] if n not in masked], context))
        if _runs(subject, [x, *context] if not masked else [x], {**rest, **named} if masked else {}):
            return ([x], {**rest, **named}) if masked else ([x, *context], {})
    subject.run(x, *context)
    return [x, *context], {}


def _runs(subject: Subject, inputs: Sequence[Tensor], named: Mapping[str, Any]) -> bool:
    try:
        return bool(torch.isfinite(first(subject.run(*inputs, named=named))).all())
    except CannotJudge:
        return False


def dead(subject: Subject, graph: Graph, found: Stream, end: Node) -> None:
    """Sublayers that are computed and lead nowhere. Faults: attention_output_discarded,
    mlp_output_discarded."""
    parts = {each.part for each in found.sublayers}
    lost = [node for node in graph.nodes if not end.comes_of(node)]
    for part, kind, code in (
        ("attention", "softmax", "attention_output_discarded"),
        ("MLP", "linear", "mlp_output_discarded"),
    ):
        last = [node for node in lost if node.kind == kind]
        if part not in parts and last:
            line = next((n.line for n in reversed(lost) if n.kind == "linear" and n.line), last[-1].line)
            subject.found[:] = [each for each in subject.found if each.code != "norm_missing"]
            subject.fault(code, line, (f"what depends on the {part}", "the output", "nothing"))
            return


def complete(subject: Subject, found: Stream) -> None:
    """A block has attention and an MLP, and its input is what it reads."""
    present = {each.part for each in found.sublayers}
    if not {"attention", "MLP"} <= present or found.root.kind != "input":
        if subject.doubt is None:
            raise CannotJudge("check_no_product", what="attention and MLP")
    if not subject.doubt and not any("norm" in v for v in subject.variants) and not _any_norm(subject):
        subject.doubt = ("check_no_match", {"step": "norm", "line": 0})


def _any_norm(subject: Subject) -> bool:
    words = "|".join(("norm", "scale", "gamma", "alpha"))
    return any(re.search(words, name, re.IGNORECASE) for name in subject.parameters) or written(subject.thing, "norm")


def judge_mask(subject: Subject, found: Stream, batch: int) -> bool:
    """Whether it could be told what a mask does."""
    return True


def fits(thing: Thing) -> bool:
    """Made with heads and norms, and not with a number of blocks."""
    known = made_with(thing, ROLE.sizes)
    deep = written(thing, r"def __init__\([^)]*(depth|n\w*_layers?|num_blocks|layers)\b")
    return "heads" in known and written(thing, "norm") and not deep


ROLE = Role(
    called=r"\w*(encoder|decoder|transformer|attention|vit|gpt)_?(block|layer)|(res|residual_?attention|pre_?norm)?_?block|\w*encoder1d\w*|\w*transformer_?block\w*|encoder_?unit|bert_?layer",
    sizes=Sizes(
        {
            "heads": H,
            "head_width": D // H,
            "ratio": 2,
            "mlp": M,
            "dropout": 0.5,
            "width": D,
            "length": L,
        },
        ("width", "heads", "mlp"),
        "width",
    ),
    judge=judge,
    fits=fits,
)
