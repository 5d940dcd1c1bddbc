"""A Vision Transformer: images [N C H W] -> logits [N classes].

    N batch · P patches · D width · K blocks

A. Dosovitskiy et al., "An Image is Worth 16x16 Words" (2021), equations 1 to 4.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from etude.checking import common, norms, stack
from etude.checking.build import Sizes
from etude.checking.fit import Meant, Option, best, narrow
from etude.checking.products import uses
from etude.checking.program import Change, Steps
from etude.checking.roles import Role, made_with
from etude.checking.roles import encoder_block as eb
from etude.checking.roles import patch_embedding as pe
from etude.checking.source import CannotJudge, Thing
from etude.checking.subject import Subject, first
from etude.checking.trace import Trace, Weights
from etude.shapes import Tensor

D, H, M, K, CLASSES = 12, 3, 20, 2, 7


def vit(s: Steps) -> Tensor:
    """From s.image to logits; weights as named in `_whole`."""
    s.step("tokens", lambda s: s.play(pe.embed))
    s.step("chain", stack.chained)
    s.step("normed", lambda s: stack.final_norm(s, s.chain))
    s.step("picked", picked)
    s.step("readout", lambda s: s.picked)
    logits: Tensor = s.step("logits", stack.logits)
    return logits


def picked(s: Steps) -> Tensor:
    """What is read: the class token, or the mean where there is none."""
    x: Tensor = s.normed
    return x.mean(1) if s.token is None else x[:, -1 if s.last else 0]


READOUTS = (
    stack.LAST_NORM,
    (
        common.plain("class_token"),
        Change("mean_of_all", {"picked": lambda s: s.normed.mean(1)}),
        Change("max_of_all", {"picked": lambda s: s.normed.amax(1)}),
    ),
)


def _patches(s: Steps) -> Any:
    return s.normed[:, :-1] if s.last else s.normed[:, 1:]


FAULTS = (
    Change("readout_wrong_token", {"picked": lambda s: s.normed[:, 0 if s.last else -1]}),
    Change("readout_wrong_token", {"picked": lambda s: s.normed[:, 1]}),
    Change("readout_wrong_token", {"picked": lambda s: s.normed[:, -2]}),
    Change("class_token_unused", {"picked": lambda s: _patches(s).mean(1)}),
    Change(
        "class_token_unused",
        {
            "joined": lambda s: s.embedded,
            "placed": lambda s: s.embedded + s.positions[-s.embedded.shape[1] :],
            "picked": lambda s: s.normed.mean(1),
        },
    ),
    Change(
        "class_token_unused",
        {
            "joined": lambda s: s.embedded,
            "placed": lambda s: s.embedded + s.positions[: s.embedded.shape[1]],
            "picked": lambda s: s.normed[:, 0],
        },
    ),
    *pe.FAULTS,
    *stack.FAULTS,
)


def options(subject: Subject, trace: Trace, x: Tensor) -> Iterator[Option]:
    """What the weights may be, of patches, blocks, the last norm and the head; and the blocks'
    variants. The parts are told one by one, by the steps they share with the user's forward."""
    P = subject.parameters
    found = uses(trace, P)
    first_use = next((use for use in found if use.kind in ("conv", "linear")), None)
    if first_use is None:
        return
    width = first_use.shape(P)[0]
    embeddings = narrow(pe.embed, {"image": x}, pe.meanings(subject, found, P, x, trace), P, trace)
    for body in stack.cut(trace, P, width, stack.depth_of(subject), _before(trace, P)):
        if body.tail:
            for blocks, variants in stack.narrowed(subject, trace, body, width):
                for embedding, _ in embeddings:
                    yield Meant(blocks.said, _whole(embedding, blocks, body, width)), variants


def _whole(embedding: Meant, blocks: Meant, body: stack.Body, width: int) -> Any:
    def make(P: Weights) -> dict[str, Any]:
        made = {**embedding.make(P), **blocks.make(P)}
        return {**made, **stack.last(body, P, made), "keep": None}

    return make


def judge(subject: Subject) -> None:
    """Logits and gradients against the reference; layers that are shared; the skip path."""
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
    out, P = first(out), subject.parameters
    if stack.early(subject, trace) or not own_blocks(subject, trace, P):
        return
    found = list(options(subject, trace, x))
    groups = (*READOUTS, stack.heads(found, P))
    fit = best(vit, {"image": x}, found, P, out, trace, groups, FAULTS)
    if fit and not fit.right and not fit.fault:
        inner = stack.explaining(subject, trace, found, _before(trace, P))
        fit = best(vit, {"image": x}, found, P, out, trace, groups, inner, 32)
    if fit is None:
        raise CannotJudge("check_no_product", what="patches, blocks and head")
    right = common.explain(subject, fit, trace)
    if not subject.found:
        common.learns(subject, out, trace)
    if right:
        common.gradients(subject, vit, {"image": x}, fit, out)
        positions(subject, call, x.detach(), fit.meant.make(P))
        post = any(change is eb.POST for change in fit.variants)
        before = _before(trace, P)
        norms.skip(
            subject,
            lambda P: fit.meant.make(P)["blocks"],
            post,
            lambda trace: stack.entered(trace, P, before, post),
            x,
        )
        common.coarser(subject, call, x.detach(), call(x.detach()))


def _before(trace: Trace, P: Weights) -> int:
    """Products before the blocks: that of the patches, where it is no convolution."""
    use = next(use for use in uses(trace, P) if use.kind in ("conv", "linear"))
    return 1 if use.kind == "linear" else 0


def own_blocks(subject: Subject, trace: Trace, P: Weights) -> bool:
    """Whether blocks have weights of their own, where they can be told apart."""
    found = uses(trace, P)
    use = next((use for use in found if use.kind in ("conv", "linear")), None)
    if use is None:
        return True
    for body in stack.cut(trace, P, use.shape(P)[0], stack.depth_of(subject), _before(trace, P)):
        return stack.shared(subject, body)
    return True


def positions(subject: Subject, call: Any, x: Tensor, weights: Mapping[str, Any]) -> None:
    """Where nothing is learned of positions, moving patches must still change the logits. Fault:
    positions_missing."""
    if weights["positions"] is not None or subject.found:
        return
    p, q = weights["p"], weights["q"]
    moved = torch.roll(x, (p, q), (-2, -1))
    far = float((call(moved) - call(x)).abs().max() / call(x).abs().max())
    if far < 1e-9:
        evidence = ("logits when the patches change places", "others", f"{far:.1g} apart")
        subject.fault("positions_missing", subject.line_in("forward"), evidence)


def fits(thing: Thing) -> bool:
    """Made with patches and a number of blocks."""
    return {"patch", "depth"} <= made_with(thing, ROLE.sizes)


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
