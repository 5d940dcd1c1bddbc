"""Padded steps of a sequence model change nothing: a sample with padding gives what it gives alone.

N batch · L length
"""

import re
from collections.abc import Mapping
from typing import Any

import torch

from etude.checking import heads, masks, sublayers
from etude.checking.build import takes
from etude.checking.fit import difference
from etude.checking.graph import Graph
from etude.checking.source import CannotJudge
from etude.checking.subject import Subject, first
from etude.shapes import Tensor

LENGTHS = re.compile(r"\w*len(gth)?s?\w*|n_valid|valid\w*", re.IGNORECASE)


def judge(subject: Subject, x: Tensor, named: Mapping[str, Any]) -> None:
    """By lengths, a mask, or the id of padding. Faults: padding_ignored, readout_padding,
    mask_inverted."""
    length = x.shape[1]
    if length < 4:
        return
    x = torch.cat([x, x[:1].detach().roll(1, 1)]) if len(x) == 2 else x[:3]
    lengths = torch.tensor([length, length - 2, length - 1])
    keep = torch.arange(length)[None] < lengths[:, None]
    names = (
        n for n in takes(subject.forward)[1:] if LENGTHS.fullmatch(n) or masks.MASK.fullmatch(n)
    )
    name = next(names, "")
    forms: dict[str, tuple[dict[str, Any], Any]] = {}
    if name and LENGTHS.fullmatch(name):
        forms = {"lengths": ({name: lengths}, lambda n: {name: lengths[n : n + 1]})}
    elif name:
        for said, mask in (("keep", keep), ("hide", ~keep)):
            for axes in (2, 4, 3):
                made = mask if axes == 2 else mask[:, None, None] if axes == 4 else mask[:, None]
                forms[f"{said} {axes}"] = ({name: made}, _cut(name, made, lengths))
    elif (pad := padding_id(subject)) is not None and not x.is_floating_point():
        forms, x = {"id": ({}, lambda n: {})}, x.where(keep, pad)
    outcomes = {}
    for said, (form, alone) in forms.items():
        try:
            outcomes[said] = _outcome(
                subject, x, {**named, **form}, lengths, lambda n, alone=alone: {**named, **alone(n)}
            )
        except CannotJudge:
            continue
    right = next((said for said, code in outcomes.items() if not code), "")
    if right:
        subject.hold("padding", right.split()[0])
        _documented(subject, name, right.split()[0])
    elif outcomes:
        code = next((c for c in outcomes.values() if c != "?"), "?")
        if code == "?":
            subject.doubt = subject.doubt or ("check_no_match", {"step": "masked", "line": 0})
            return
        line = masks.line(subject, name) if name else 0
        evidence = ("output with padded steps", "as without them", "another")
        subject.fault(code, line, evidence)


def _cut(name: str, mask: Tensor, lengths: Tensor) -> Any:
    return lambda n: {name: mask[n : n + 1, ..., : int(lengths[n])]}


def _outcome(
    subject: Subject, x: Tensor, form: Mapping[str, Any], lengths: Tensor, alone: Any
) -> str:
    """'' where padding does nothing; else what is wrong, "?" where that is not clear."""
    out, trace = subject.record(x, named=form)
    out = first(out)
    worst = 0.0
    for n, length in enumerate(lengths.tolist()):
        own = first(subject.run(x[n : n + 1, :length], named=alone(n)))[0]
        found = out[n, :length] if out.ndim == 3 and out.shape[1] == x.shape[1] else out[n]
        worst = max(worst, difference(found, own) if torch.isfinite(found).all() else float("inf"))
    if worst < masks.NEAR:
        return ""
    graph = Graph(trace, subject.parameters, [x])
    end = graph.out(out)
    attention = (
        [each for each in sublayers.stream(graph, end).sublayers if each.part == "attention"]
        if end
        else []
    )
    hidden = heads.hides(attention[0]) if attention else None
    if not attention:
        return "?"
    if hidden is None:
        return "padding_ignored"
    padded = torch.arange(x.shape[1])[None] >= lengths[:, None]
    keys = hidden.reshape(len(x), -1, *hidden.shape[1:]) if hidden.ndim == 3 else hidden
    if keys.shape[-1] != x.shape[1]:
        return "?"
    hides = keys.reshape(len(keys), -1, x.shape[1]).all(1)
    return "readout_padding" if len(hides) == len(x) and bool((hides == padded).all()) else "?"


def padding_id(subject: Subject) -> int | None:
    """The token id of padding, where the thing knows one."""
    for module in subject.it.modules():
        for name, value in vars(module).items():
            if re.fullmatch(r"pad\w*", name) and isinstance(value, int):
                return value
    return None


def _documented(subject: Subject, name: str, said: str) -> None:
    """Whether a mask does what its author says. Fault: mask_inverted."""
    wanted = masks.documented(subject, name) if said in ("keep", "hide") else ""
    if wanted and wanted != said:
        evidence = ("what True, or 1, does by the author's words", wanted, said)
        subject.fault(
            "mask_inverted", masks.line(subject, name), evidence, said=said, wanted=wanted
        )
