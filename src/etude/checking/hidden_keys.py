"""What the mask argument of a block does: which keys its attention hides, measured.

N batch · L length
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from etude.checking import heads, masks, sublayers
from etude.checking.fit import difference
from etude.checking.graph import Graph
from etude.checking.source import CannotJudge
from etude.checking.subject import Subject, first
from etude.shapes import Tensor


def judge(subject: Subject, inputs: Sequence[Tensor], named: Mapping[str, Any]) -> None:
    """Faults: mask_ignored, mask_inverted."""
    name = masks.parameter(subject.forward)
    if not name or inputs[0].ndim != 3:
        return
    plain = first(subject.run(*inputs, named=named))
    same, ran = True, False
    for mask, keep in _masks(inputs[0]):
        try:
            out, trace = subject.record(*inputs, named={**named, name: mask})
        except CannotJudge:
            continue
        ran = True
        same = same and difference(first(out), plain) < masks.EXACT
        if said := _meaning(subject, trace, inputs, first(out), keep):
            _documented(subject, name, said)
            return
    line = masks.line(subject, name)
    if ran and same and name not in named:
        evidence = ("output with a mask", "another", "as without one")
        subject.fault("mask_ignored", line, evidence)
    elif ran and not same:
        subject.doubt = subject.doubt or ("check_no_match", {"step": "masked", "line": line})


def _masks(x: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """(mask, the same as [n 1 q k], or [n 1 1 k]), true and false, as numbers, and added."""
    n, length = x.shape[:2]
    generator = torch.Generator().manual_seed(11)
    for shape in masks.shapes(n, length, length):
        mask = torch.rand(shape, generator=generator) < 0.5
        mask[..., 0], mask[..., -1] = True, False  # every row has keys that are seen and hidden
        keep = masks.aligned(mask, n, 4)
        yield mask, keep
        yield mask.to(x.dtype), keep
        yield torch.zeros(shape).masked_fill(~mask, -1e9), keep


def _meaning(
    subject: Subject, trace: Any, inputs: Sequence[Tensor], out: Tensor, keep: Tensor
) -> str:
    """ "keep" or "hide": what true does, by what is hidden; ''."""
    graph = Graph(trace, subject.parameters, inputs)
    end = graph.out(out)
    found = sublayers.stream(graph, end).sublayers if end else []
    for each in found:
        hidden = heads.hides(each) if each.part == "attention" else None
        if hidden is None:
            continue
        if hidden.ndim == 3:
            hidden = hidden.reshape(len(keep), -1, *hidden.shape[1:])
        later = hidden.all(0, keepdim=True).all(1, keepdim=True)  # causal besides
        for said, hides in (("keep", ~keep), ("hide", keep)):
            if bool((hidden == (hides | later)).all()):
                return said
    return ""


def _documented(subject: Subject, name: str, said: str) -> None:
    """Whether a mask does what its author says. Fault: mask_inverted."""
    subject.hold("mask", said)
    wanted = masks.documented(subject, name)
    if wanted and wanted != said:
        evidence = ("what True, or 1, does by the author's words", wanted, said)
        line = masks.line(subject, name)
        subject.fault("mask_inverted", line, evidence, said=said, wanted=wanted)
