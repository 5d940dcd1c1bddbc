"""A Transformer encoder block: attention, then an MLP, each with a norm and a skip.

    N batch · L length · D width · M hidden width · H heads

Pre-norm: A. Dosovitskiy et al., "An Image is Worth 16x16 Words" (2021), equations 2 and 3.
Post-norm: A. Vaswani et al., "Attention Is All You Need" (2017), section 3.1.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from etude.checking import common, masks, norms
from etude.checking.build import Sizes
from etude.checking.fit import Fit, Meant, attempt, best, narrow
from etude.checking.products import Use, spare, unused, uses
from etude.checking.program import Change, Steps
from etude.checking.roles import Role, made_with, written
from etude.checking.roles import multi_head_attention as mha
from etude.checking.source import CannotJudge, Thing
from etude.checking.subject import Subject, first
from etude.checking.trace import Trace, Weights
from etude.shapes import Tensor

N, L, D, H, M = 2, 5, 12, 3, 20


def layer_norm(x: Tensor, scale: Tensor, shift: Tensor, eps: float) -> Tensor:
    """Over the last axis."""
    return F.layer_norm(x, x.shape[-1:], None, None, eps) * scale + shift


def normed(s: Steps, x: Tensor, which: str) -> Tensor:
    """By the norm of that name: "1", "2"."""
    scale, shift = getattr(s, f"g{which}"), getattr(s, f"c{which}")
    made: Tensor = s.other("norm", layer_norm)(x, scale, shift, s.eps)
    return made


def block(s: Steps) -> Tensor:
    """From s.x [N L D] to [N L D], pre-norm; weights as named in `slots`."""
    s.step("attention_in", lambda s: normed(s, s.x, "1"))
    s.step(
        "attended",
        lambda s: s.play(mha.multi_head, xq=s.attention_in, xk=s.attention_in, xv=s.attention_in),
    )
    s.step("sum1", lambda s: s.x + s.attended)
    s.step("middle", lambda s: s.sum1)
    s.step("mlp_in", lambda s: normed(s, s.middle, "2"))
    s.step("hidden", lambda s: s.mlp_in @ s.W1.mT + s.b1)
    s.step("active", lambda s: activated(s, s.hidden))
    s.step("mlp", lambda s: s.active @ s.W2.mT + s.b2)
    s.step("sum2", lambda s: s.middle + s.mlp)
    out: Tensor = s.step("block_out", lambda s: s.sum2)
    return out


POST = Change(
    "post_norm",
    {
        "attention_in": lambda s: s.x,
        "middle": lambda s: normed(s, s.sum1, "1"),
        "mlp_in": lambda s: s.middle,
        "block_out": lambda s: normed(s, s.sum2, "2"),
    },
)


def _active(name: str, how: Callable[[Tensor], Tensor]) -> Change:
    return Change(name, {"activation": how})


ORDER = (common.plain("pre_norm"), POST)
ACTIVATIONS = {
    "gelu": common.plain("gelu"),
    "gelu_tanh": _active("gelu_tanh", lambda x: F.gelu(x, approximate="tanh")),
    "relu": _active("relu", F.relu),
    "silu": _active("silu", F.silu),
    "leaky_relu": _active("leaky_relu", F.leaky_relu),
    "quick_gelu": _active("quick_gelu", lambda x: x * torch.sigmoid(1.702 * x)),
}


def activated(s: Steps, x: Tensor) -> Tensor:
    """By the block's activation: GELU, or what it was exchanged for."""
    made: Tensor = s.other("activation", F.gelu)(x)
    return made


def _over(axis: int) -> Callable[..., Tensor]:
    """A norm over another axis than the last."""

    def norm(x: Tensor, scale: Tensor, shift: Tensor, eps: float) -> Tensor:
        mean, var = x.mean(axis, keepdim=True), x.var(axis, keepdim=True, unbiased=False)
        return (x - mean) / (var + eps).sqrt() * scale + shift

    return norm


def _causal(s: Steps) -> Tensor:
    """Later keys hidden, as in a decoder."""
    later = torch.ones(s.scaled.shape[-2:], dtype=torch.bool).triu(1)
    masked: Tensor = s.scaled.masked_fill(later, -torch.inf)
    return masked


FAULTS = (
    Change("skip_missing", {"sum1": lambda s: s.attended}, {"part": "attention"}),
    Change("skip_missing", {"sum2": lambda s: s.mlp}, {"part": "MLP"}),
    Change(
        "skip_missing",
        {"sum1": lambda s: s.attended, "sum2": lambda s: s.mlp},
        {"part": "attention and MLP"},
    ),
    Change(
        "skip_from_normalised",
        {"sum1": lambda s: s.attention_in + s.attended},
        {"part": "attention"},
    ),
    Change("skip_from_normalised", {"sum2": lambda s: s.mlp_in + s.mlp}, {"part": "MLP"}),
    Change(
        "skip_from_normalised",
        {"sum1": lambda s: s.attention_in + s.attended, "sum2": lambda s: s.mlp_in + s.mlp},
        {"part": "attention and MLP"},
    ),
    Change("skip_from_block_input", {"sum2": lambda s: s.x + s.mlp}),
    Change("mlp_reads_block_input", {"mlp_in": lambda s: normed(s, s.x, "2")}),
    Change("extra_activation", {"mlp": lambda s: activated(s, s.active @ s.W2.mT + s.b2)}),
    Change("extra_activation", {"sum2": lambda s: activated(s, s.middle + s.mlp)}),
    Change("mlp_without_activation", {"active": lambda s: s.hidden}),
    Change("attention_output_discarded", {"sum1": lambda s: s.x}),
    Change("attention_output_discarded", {"sum1": lambda s: s.x + s.attention_in}),
    Change("mlp_output_discarded", {"sum2": lambda s: s.middle}),
    Change("norm_missing", {"attention_in": lambda s: s.x}, {"part": "attention"}),
    Change("norm_missing", {"mlp_in": lambda s: s.middle}, {"part": "MLP"}),
    Change("norm_wrong_axis", {"norm": _over(1)}, {"axis": "tokens"}),
    Change("norm_wrong_axis", {"norm": _over(0)}, {"axis": "samples"}),
    Change("skip_added_twice", {"sum2": lambda s: 2 * s.middle + s.mlp}, {"part": "MLP"}),
    Change("skip_added_twice", {"sum1": lambda s: 2 * s.x + s.attended}, {"part": "attention"}),
    Change("causal_in_encoder", {"masked": _causal}),
    Change("norm_shared", {"mlp_in": lambda s: normed(s, s.middle, "1")}),
    *mha.FAULTS,
)


def slots(
    found: Sequence[Use],
    P: Weights,
    heads: Sequence[int],
    extra: Sequence[Use],
    width: int,
    eps: float,
) -> Iterator[Meant]:
    """What the products of one block may be: those of attention, then the two of the MLP; and the
    norms in their order."""
    linear = [use for use in found if use.kind == "linear"]
    pair = norms.scales(found, P, width)
    cut = next(
        (
            i
            for i, use in enumerate(linear)
            if use.shape(P)[0] != width and closes(linear, i, P, width)
        ),
        len(linear) - 2,
    )
    for inner in mha.meanings(linear[:cut], P, heads, extra):
        yield Meant(inner.said, made(inner.make, linear[cut : cut + 2], pair, width, eps))


def closes(linear: Sequence[Use], i: int, P: Weights, width: int) -> bool:
    """Whether products i and i + 1 lead from the width up and back."""
    if i + 1 >= len(linear):
        return False
    up, down = linear[i].shape(P), linear[i + 1].shape(P)
    return up[1] == width and down == (width, up[0]) and i > 0


def made(
    attention: Callable[[Weights], Mapping[str, Any]],
    mlp: Sequence[Use],
    norms: Sequence[tuple[Use, Use | None]],
    width: int,
    eps: float,
) -> Callable[[Weights], Mapping[str, Any]]:
    """Makes the weights of a block, as `block` names them, of the user's."""

    def make(P: Weights) -> dict[str, Any]:
        found: dict[str, Any] = {**attention(P), "eps": eps}
        for i, use in enumerate(mlp, 1):
            weight = use.weight(P)
            found[f"W{i}"] = weight
            found[f"b{i}"] = use.bias(P) if use.bias else weight.new_zeros(weight.shape[0])
        for i in (1, 2):
            scale, shift = norms[i - 1] if i <= len(norms) else (None, None)
            found[f"g{i}"] = scale.weight(P).flatten() if scale else torch.ones(width)
            made = shift.weight if shift else scale.bias if scale else None
            found[f"c{i}"] = made(P).flatten() if made else torch.zeros(width)
        return found

    return make


def activations(trace: Trace) -> list[Change]:
    """Those whose functions are called; all where none is."""
    names = {call.name.strip("_") for call in trace.calls}
    if "gelu" in names:
        return [ACTIVATIONS["gelu_tanh" if _tanh(trace) else "gelu"]]
    for name in ("relu", "silu", "leaky_relu"):
        if name in names:
            return [ACTIVATIONS[name]]
    return list(ACTIVATIONS.values())


def _tanh(trace: Trace) -> bool:
    values = [v for call in trace.named("gelu") for v in (*call.args, *call.kwargs.values())]
    return any(isinstance(v, str) and v == "tanh" for v in values)


def inputs(subject: Subject, batch: int = N) -> Tensor:
    """x [N L D]."""
    torch.manual_seed(7)
    return torch.randn(batch, L, mha.width_of(subject), requires_grad=True)


def judge(subject: Subject) -> None:
    """Structure, outputs and gradients; then the skip path in train mode, and a mask."""
    if not common.registered(subject):
        return
    x = inputs(subject)
    named = mha.needed_mask(subject, [x])
    if not common.same_twice(subject, x, named=named):
        return

    def call(x: Tensor) -> Tensor:
        return first(subject.run(x, named=named))

    if not common.batch_apart(subject, call, x.detach()):
        return
    common.spread(subject)
    out, trace = subject.record(x, named=named)
    out, P = first(out), subject.parameters
    found = uses(trace, P)
    heads = mha.heads_of(subject, x.shape[-1])
    extra = spare(unused(trace, P), P)
    given = {"x": x, "keep": None}
    meant = itertools.chain.from_iterable(
        slots(found, P, heads, extra, x.shape[-1], eps) for eps in norms.epsilons(trace, subject.it)
    )
    options = narrow(block, given, meant, P, trace, (ORDER, activations(trace)), 16)
    fit = best(block, given, options, P, out, trace, (), FAULTS)
    if fit is None:
        raise CannotJudge("check_no_product", what="attention and MLP")
    right = common.explain(subject, fit, trace)
    if right:
        shared(subject, found, P, x.shape[-1])
    if not subject.found and not norm_left_out(subject, trace, P):
        common.learns(subject, out, trace)
    if right:
        common.gradients(subject, block, given, fit, out)
        post = fit.variants[0] is POST
        norms.skip(
            subject, lambda P: [fit.meant.make(P)], post, lambda trace: x.detach(), x, named=named
        )
        common.coarser(subject, call, x.detach(), call(x.detach()))
    if right and not subject.found:
        any(judge_mask(subject, fit, batch) for batch in (N, int(fit.meant.make(P)["H"])))


def norm_left_out(subject: Subject, trace: Trace, P: Weights) -> bool:
    """Whether a norm is declared and not applied. Fault: norm_missing."""
    left = set(unused(trace, P))
    kept = [(n, m) for n, m in subject.it.named_modules() if isinstance(m, nn.LayerNorm)]
    for number, (name, _) in enumerate(kept):
        if f"{name}.weight" in left:
            evidence = (f"norm self.{name}", "applied", "declared alone")
            part = "attention" if number == 0 else "MLP"
            subject.fault("norm_missing", subject.line_in("forward"), evidence, part=part)
            return True
    return False


def shared(subject: Subject, found: Sequence[Use], P: Weights, width: int) -> None:
    """Two norms, not one used twice. Fault: norm_shared."""
    both = [scale for scale, _ in norms.scales(found, P, width)]
    if len(both) == 2 and both[0].names == both[1].names:
        evidence = ("norms with parameters of their own", "2", f"1 ({both[0].names[0]})")
        subject.fault("norm_shared", both[1].line, evidence)


def judge_mask(subject: Subject, fit: Fit, batch: int) -> bool:
    """Whether it could be told what a mask does."""
    name = masks.parameter(subject.forward)
    if not name:
        return True
    x = inputs(subject, batch)
    P = subject.parameters

    def expected(keep: Tensor | None, *changes: Change) -> Tensor | None:
        return attempt(block, {"x": x, "keep": keep}, fit.meant, P, *fit.variants, *changes)[1]

    return masks.judge(
        subject,
        name,
        lambda mask: first(subject.run(x, named={name: mask})),
        expected,
        (batch, L, L, 4),
    )


def fits(thing: Thing) -> bool:
    """Made with heads and norms, and not with a number of blocks."""
    known = made_with(thing, ROLE.sizes)
    deep = written(thing, r"def __init__\([^)]*(depth|n\w*_layers?|num_blocks|layers)\b")
    return "heads" in known and written(thing, "norm") and not deep


ROLE = Role(
    called=r"\w*(encoder|transformer|attention|vit)_?(block|layer)|(res|residual_?attention|pre_?norm)?_?block|\w*encoder1d\w*|\w*transformer_?block\w*|encoder_?unit|bert_?layer",
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
