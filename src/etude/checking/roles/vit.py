"""A Vision Transformer: images [N C H W] -> logits [N classes].

    N batch · T tokens · D width

A. Dosovitskiy et al., "An Image is Worth 16x16 Words" (2021), equations 1 to 4.
"""

import re
from collections.abc import Callable

import torch

from etude.checking import blocks, common, patches, readouts, wording
from etude.checking.build import Sizes, takes
from etude.checking.fit import search
from etude.checking.graph import Graph, Node
from etude.checking.products import uses
from etude.checking.roles import Role, made_with
from etude.checking.roles import patch_embedding as pe
from etude.checking.source import CannotJudge, Thing
from etude.checking.subject import Subject, first
from etude.checking.sublayers import Stream
from etude.checking.trace import TOLERANCE, Trace
from etude.shapes import Tensor

D, H, M, K, CLASSES = 12, 3, 20, 2, 7


def judge(subject: Subject) -> None:
    """Modes and samples; blocks; patches, class token and positions; the readout; gradients."""
    if not common.registered(subject):
        return
    x = pe.image(subject)
    if not common.same_twice(subject, x):
        return

    def call(x: Tensor) -> Tensor:
        return first(subject.run(x))

    if not common.batch_apart(subject, call, x.detach()):
        return
    common.spread(subject)
    out, trace = subject.record(x)
    out = first(out)
    graph = Graph(trace, subject.parameters, [x])
    end = graph.out(out)
    if end is None:
        raise CannotJudge("check_no_product", what="patches, blocks and head")
    main = blocks.examine(subject, [x], {}, graph, end)[0]
    found = embedding(subject, graph, main, x, trace)
    declared(subject, out)
    if found:
        bare, patch = found
        readouts.image(subject, graph, main, bare)
        places(subject, call, x.detach(), patch)
    blocks.settle(subject, [x], {}, out, trace)
    if not subject.found and not subject.doubt:
        common.coarser(subject, call, x.detach(), out)


def embedding(
    subject: Subject, graph: Graph, main: Stream, x: Tensor, trace: Trace
) -> tuple[list[int], tuple[int, int]] | None:
    """(tokens that are no patches, patch size) of what enters the blocks; None where it is not what
    it should be. Faults: those of a patch embedding."""
    value, P = main.root.value, subject.parameters
    if value.ndim != 3 or value.shape[0] != len(x):
        blocks.gap(subject, "tokens")
        return None

    def tokens(images: Tensor) -> Tensor:
        other = Graph(subject.record(images)[1], P, [images])
        return other.nodes[main.root.number].value

    seen = patches.fields(tokens, x[0])
    shape = patches.size(seen) if len(seen.filled) > 1 else (0, 0)
    if seen.form in ("patches", "columns") and patches.alike(
        tokens, x.shape[1:], patches.size(seen), seen.filled
    ):
        blocks.note(subject, ["columns_first"] if seen.form == "columns" else [])
        return seen.bare, shape
    stem = sum(node.kind == "conv" and main.root.comes_of(node) for node in graph.nodes)
    if seen.form == "overlapping" and stem:
        blocks.note(subject, ["conv_stem" if stem > 1 else "overlapping_patches"])
        return seen.bare, (0, 0)
    options = list(pe.meanings(subject, uses(trace, P), P, x, trace))
    fit = search(pe.embed, {"image": x}, options, P, value, trace, (pe.TOKENS,), pe.FAULTS)
    if fit and (fit.fault or fit.right):
        common.explain(subject, fit, trace)
    elif seen.form == "" and stem < 2:
        scrambled(subject, main.root)
    else:
        blocks.gap(subject, "patches")
    return (seen.bare, shape) if fit and fit.right else None


def scrambled(subject: Subject, root: Node) -> None:
    """A token that holds pixels of several places. Fault: patches_scrambled."""
    evidence = ("pixels that reach one token", "one patch", "of several places")
    subject.fault("patches_scrambled", root.line, evidence)


def declared(subject: Subject, out: Tensor) -> None:
    """Class tokens and positions that are declared and change nothing. Faults: class_token_unused,
    positions_missing."""
    if subject.found:
        return
    P = {n: p for n, p in subject.parameters.items() if p.requires_grad}
    if not P or not out.requires_grad:
        return
    probe = torch.linspace(-1, 1, out.numel()).view_as(out)
    grads = torch.autograd.grad(
        (out * probe).sum(), list(P.values()), allow_unused=True, retain_graph=True
    )
    for name, grad in zip(P, grads):
        for pattern, code in ((pe.CLASS, "class_token_unused"), (pe.POSITION, "positions_missing")):
            if grad is None and P[name].ndim > 1 and pe.called(name, pattern):
                evidence = (f"gradient of {name}", "some", "none")
                subject.fault(code, wording.used_at(subject, name), evidence)
                return


def places(
    subject: Subject, call: Callable[[Tensor], Tensor], x: Tensor, patch: tuple[int, int]
) -> None:
    """Moving patches changes the logits. Fault: positions_missing."""
    if subject.found or not all(patch):
        return
    moved = torch.roll(x, patch, (-2, -1))
    plain, far = call(x), 0.0
    far = float((call(moved) - plain).abs().max() / plain.abs().max())
    if far < TOLERANCE:
        evidence = ("logits when the patches change places", "others", f"{far:.1g} apart")
        subject.fault("positions_missing", subject.line_in("forward"), evidence)


def fits(thing: Thing) -> bool:
    """Made with patches and a number of blocks."""
    known = made_with(thing, ROLE.sizes)
    names = takes(thing.it.__init__) if thing.is_class else []
    deep = "depth" in known or any(re.search("layer|depth|block", name) for name in names)
    return "patch" in known and deep


ROLE = Role(
    called=r"(?!\w*(block|layer|mlp|embed|patch)\w*)(\w*vi_?t\w*|\w*vision_?transformer\w*)",
    sizes=Sizes(
        {
            "image_shape": (pe.C, *pe.IMAGE),
            "image": pe.IMAGE,
            "patch": pe.PATCH,
            "heads": H,
            "head_width": D // H,
            "ratio": 2,
            "mlp": M,
            "dropout": 0.3,
            "depth": K,
            "channels": pe.C,
            "classes": CLASSES,
            "width": D,
        },
        ("image", "patch", "channels", "width", "depth", "heads", "mlp", "classes"),
        "width",
    ),
    judge=judge,
    fits=fits,
)
