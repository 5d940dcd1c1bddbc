"""Norms over the width, and what reaches them: whether the skip path is clean.

N batch · L length · D width
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from etude.checking.products import Use, uses
from etude.checking.subject import Named, Subject, first
from etude.checking.trace import TOLERANCE, Trace, Weights
from etude.shapes import Tensor

Blocks = Callable[[Weights], Sequence[Mapping[str, Any]]]
"""Makes the reference's weights of each block, of the user's."""


def scales(found: Sequence[Use], P: Weights, width: int) -> list[tuple[Use, Use | None]]:
    """(scale, shift) of the norms over the width, in order, torch's or made by hand."""
    norms: list[tuple[Use, Use | None]] = []
    for i, use in enumerate(found):
        if use.kind in ("norm", "batch_norm") and use.weight(P).numel() == width:
            norms.append((use, None))
        elif use.kind == "scale" and use.weight(P).numel() == width:
            after = found[i + 1] if i + 1 < len(found) else None
            shift = (
                after
                if after and after.kind == "add" and after.weight(P).numel() == width
                else None
            )
            norms.append((use, shift))
    return norms


def epsilons(trace: Trace, it: nn.Module) -> list[float]:
    """Of the norms: as layer_norm was called, as their attributes say, else those in use."""
    for call in trace.named("layer_norm", "batch_norm"):
        for value in (*call.args, *call.kwargs.values()):
            if isinstance(value, float) and 0 < value < 1e-2:
                return [value]
    known = [
        v for m in it.modules() for k, v in vars(m).items() if "eps" in k and isinstance(v, float)
    ]
    return list(dict.fromkeys(known)) or [1e-5, 1e-6, 1e-12, 1e-8, 0.0]


def skip(
    subject: Subject,
    blocks: Blocks,
    post: bool,
    entered: Callable[[Trace], Tensor],
    *inputs: Any,
    named: Named = None,
) -> None:
    """With every sublayer at zero, what enters a norm is what entered the norm before it (or came
    out of it, post-norm), in train mode too. Fault: dropout_on_skip.

    entered: what the first block got; a lone block's output counts as a norm's input.
    """
    names, width = behind(subject, blocks), len(blocks(subject.parameters)[0]["b2"])
    kept = {k: v.clone() for k, v in subject.it.state_dict().items()}
    try:
        with torch.no_grad():
            for name in names:
                subject.parameters[name].zero_()
        out, trace = subject.record(*inputs, train=True, named=named)
    finally:
        subject.it.load_state_dict(kept)
    P = subject.parameters
    found = scales(uses(trace, P), P, width)[: 2 * len(blocks(P)) + (not post)]
    before = entered(trace)
    reached = [(into(trace, scale), (shift or scale).y) for scale, shift in found]
    if first(out).shape == before.shape and len(found) == 2 * len(blocks(P)):
        reached.append((first(out), before))
    for value, normed in reached:
        far = float((value - before).detach().abs().max()) if value.shape == before.shape else 0.0
        if far > TOLERANCE * float(before.abs().max()):
            what = "what follows a block in train mode, sublayers at zero"
            evidence = (what, "as before it", f"{far:.2g} apart")
            subject.fault("dropout_on_skip", _dropped(trace, before), evidence)
            return
        before = normed if post else value
    if reached:
        subject.hold("skip_clean", 0.0)


def into(trace: Trace, scale: Use) -> Tensor:
    """What a norm normalises: the input of torch's, or of the mean of one made by hand."""
    if scale.kind == "norm":
        return scale.x
    place = next(i for i, call in enumerate(trace.calls) if call is scale.call)
    for call in reversed(trace.calls[:place]):
        if call.name.strip("_") in ("mean", "var_mean"):
            return call.ins[0]
    return scale.x


def _dropped(trace: Trace, before: Tensor) -> int:
    """The line of the first dropout of something other than zeros that follows these values."""
    place = next(
        (
            i
            for i, c in enumerate(trace.calls)
            if any(v.shape == before.shape and torch.equal(v, before) for v in c.ins)
        ),
        0,
    )
    for call in trace.calls[place:]:
        if (
            "dropout" in call.name
            and call.line
            and float(call.ins[0].abs().max()) > 0
            and call.ins[0].shape == before.shape
        ):
            return call.line
    return 0


def behind(subject: Subject, blocks: Blocks) -> list[str]:
    """Parameters that the last products of attention and MLP are made of."""
    copies = {n: p.detach().clone().requires_grad_() for n, p in subject.parameters.items()}
    names: list[str] = []
    for weights in blocks(copies):
        for slot in ("WO", "bO", "W2", "b2"):
            if weights[slot].requires_grad:
                grads = torch.autograd.grad(
                    weights[slot].sum(), list(copies.values()), allow_unused=True
                )
                names += [name for name, grad in zip(copies, grads) if grad is not None]
    return names
