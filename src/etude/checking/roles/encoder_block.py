"""A Transformer block: attention, then an MLP, each with a norm and a skip; an encoder's or a
decoder's.

    N batch · L length · D width

Pre-norm: A. Dosovitskiy et al., "An Image is Worth 16x16 Words" (2021), equations 2 and 3.
Post-norm: A. Vaswani et al., "Attention Is All You Need" (2017), section 3.1.
"""

import torch

from etude.checking import block_faults, blocks, calls, common, hidden_keys, sublayers
from etude.checking.build import Sizes
from etude.checking.graph import Graph, Node
from etude.checking.roles import Role, made_with, written
from etude.checking.roles import multi_head_attention as mha
from etude.checking.source import CannotJudge, Thing
from etude.checking.subject import Subject, first
from etude.checking.sublayers import Stream

N, L, D, H, M = 2, 5, 12, 3, 20


def judge(subject: Subject) -> None:
    """Modes, samples and steps; which values lead to which; attention, MLP, skips; gradients; what
    a mask does."""
    if not common.registered(subject):
        return
    torch.manual_seed(7)
    x = torch.randn(N, L, mha.width_of(subject), requires_grad=True)
    inputs, named = calls.called(subject, [x])
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
    other = Graph(
        subject.record(blocks.one_moved(inputs[0]), *inputs[1:], named=named)[1],
        subject.parameters,
        [],
    )
    told = block_faults.faults(subject, graph, found, True)
    block_faults.told(subject, list(told), 1)
    dead(subject, graph, found, end)
    blocks.parts(subject, graph, found, other)
    blocks.on_skip(subject, inputs, named, lone=True)
    blocks.settle(subject, inputs, named, out, trace)
    if not subject.found:
        complete(subject, graph, found)
    if not subject.found and not subject.doubt:
        hidden_keys.judge(subject, inputs, named)
        common.coarser(
            subject,
            lambda x: first(subject.run(x, *[c.to(x.dtype) for c in inputs[1:]], named=named)),
            inputs[0].detach(),
            out,
        )


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
            line = next(
                (n.line for n in reversed(lost) if n.kind == "linear" and n.line), last[-1].line
            )
            subject.found[:] = [each for each in subject.found if each.code != "norm_missing"]
            subject.fault(code, line, (f"what depends on the {part}", "the output", "nothing"))
            return


def complete(subject: Subject, graph: Graph, found: Stream) -> None:
    """A block has attention and an MLP, its input is what it reads, and it has norms, or scales in
    their place."""
    if subject.doubt:
        return
    present = {each.part for each in found.sublayers}
    if not {"attention", "MLP"} <= present or found.root.kind != "input":
        raise CannotJudge("check_no_product", what="attention and MLP")
    for each in found.sublayers:
        if each.behind or each.closing or any(graph.norm(entry) for entry in each.entries):
            return
    blocks.gap(subject, "norm", subject.line_in("forward"))


def fits(thing: Thing) -> bool:
    """Made with heads and norms, and not with a number of blocks."""
    known = made_with(thing, ROLE.sizes)
    deep = written(
        thing,
        r"def __init__\([^)]*\b(depth|(n|num|nb)_(\w+_)?layers?|nlayers?|num_blocks|layers)\b",
    )
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
            "depth": 1,
        },
        ("width", "heads", "mlp"),
        "width",
    ),
    judge=judge,
    fits=fits,
)
