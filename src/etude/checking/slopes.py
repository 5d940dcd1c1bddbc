"""Gradients held against the slopes of the output itself, so that no reference is needed."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from etude.checking.subject import Named, Subject, first
from etude.checking.trace import Trace
from etude.shapes import Tensor

STEP = 1e-6


def slope(subject: Subject, inputs: Sequence[Tensor], named: Named = None) -> tuple[float, Trace]:
    """How far the gradient is from the slope of the output along a random direction of all
    parameters and inputs, as a share of the slope; and the trace."""
    out, trace = subject.record(*inputs, named=named)
    out = first(out)
    probe = torch.linspace(-1, 1, out.numel(), dtype=out.dtype).view_as(out)
    wanted = [p for p in subject.parameters.values() if p.requires_grad]
    wanted += [x for x in inputs if x.requires_grad]
    generator = torch.Generator().manual_seed(13)
    ways = [torch.randn(p.shape, generator=generator, dtype=p.dtype) for p in wanted]
    grads = torch.autograd.grad((out * probe).sum(), wanted, allow_unused=True)
    told = sum(float((g * way).sum()) for g, way in zip(grads, ways) if g is not None)
    ends = []
    for sign in (1, -2):  # there, and as far to the other side
        with torch.no_grad():
            for p, way in zip(wanted, ways):
                p.add_(sign * STEP * way)
            ends.append(float((first(subject.run(*inputs, named=named)) * probe).sum()))
    with torch.no_grad():
        for p, way in zip(wanted, ways):
            p.add_(STEP * way)
    found = (ends[0] - ends[1]) / (2 * STEP)
    return abs(found - told) / max(abs(found), abs(told), 1e-12), trace


def judge(subject: Subject, inputs: Sequence[Tensor], named: Mapping[str, Any] | None) -> None:
    """Gradients are the slopes of the output. Fault: gradient_differs, where something is
    detached."""
    far, trace = slope(subject, inputs, named)
    if far < 1e-4:
        subject.hold("gradients", far)
    elif line := trace.line("detach", "data", "numpy", "item"):
        subject.fault(
            "gradient_differs",
            line,
            ("gradient", "the slope of the output", f"{far:.2g} apart"),
            name="x",
        )
    elif subject.doubt is None:
        subject.doubt = ("check_no_match", {"step": "output", "line": 0})
