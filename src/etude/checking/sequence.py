"""How a user's sequence model is called, which axis it takes for the batch, and what it keeps.

N batch · L steps · Q input features · D hidden width · K layers
"""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from etude.checking import common, padding
from etude.checking.build import Sizes, needed
from etude.checking.constructions import first as first_of_class
from etude.checking.fit import difference
from etude.checking.source import CannotJudge, lines_where
from etude.checking.subject import Subject, first
from etude.checking.trace import TOLERANCE
from etude.shapes import Tensor

N, L, Q, D, K = 5, 4, 7, 6, 3
"""No two axes alike, nor K doubled by two directions: an output's shape tells its axes."""
WORDS = 5
STATE = re.compile(
    r"h_?0|c_?0|h|c|hx|h_?c|hidden(_state)?s?|states?|(init|initial|prev)_?(states?|hidden)",
    re.IGNORECASE,
)
MASK = re.compile(r"\w*mask\w*", re.IGNORECASE)


@dataclass
class Asked:
    """How a user's LSTM is called. time_first: whether it takes [L N Q]; named: what else it
    needs; line: where its outputs are read."""

    subject: Subject
    named: Mapping[str, Any]
    time_first: bool = False
    line: int = 0

    def __call__(self, X: Tensor) -> Tensor:
        """X [N L Q] -> its output, batch first where it has steps."""
        return self.straight(first_of(self.subject.run(self.turned(X), named=self.named)))

    def turned(self, X: Tensor) -> Tensor:
        """As it takes it."""
        return X.transpose(0, 1) if self.time_first else X

    def straight(self, out: Tensor) -> Tensor:
        """An output with steps, batch first."""
        turn = self.time_first and out.ndim == 3 and out.shape[:2] == (L, N)
        return out.transpose(0, 1) if turn else out


def first_of(out: Any) -> Tensor:
    """The output itself, batch first: a list of each step's as one tensor [N L D], states [K N D]
    turned."""
    lead = out[0] if isinstance(out, tuple) else out
    if isinstance(lead, list) and len(lead) == L and all(v.shape == lead[0].shape for v in lead):
        return torch.stack(lead, 1)
    lead = first(out)
    states = lead.ndim == 3 and lead.shape[1] == N and lead.shape[0] not in (N, L)
    return lead.transpose(0, 1) if states else lead


def moved(X: Tensor) -> Tensor:
    """Other values everywhere, of tokens too."""
    return X + torch.randn_like(X) if X.is_floating_point() else (X + 1) % WORDS


def needs(subject: Subject) -> Iterator[dict[str, Any]]:
    """What a forward needs besides X: lengths that hide nothing, states that are zero."""
    more = needed(subject.forward)[1:]
    directions = 2 if getattr(subject.it, "bidirectional", False) else 1
    zero = torch.zeros(int(subject.sizes.get("depth", 1)) * directions, N, D)
    for lengths in (torch.full((N,), L), [L] * N):
        for state in (None, (zero, zero), zero):
            named: dict[str, Any] = {}
            for name in more:
                if padding.LENGTHS.fullmatch(name):
                    named[name] = lengths
                elif STATE.fullmatch(name):
                    named[name] = state
                elif MASK.fullmatch(name):
                    named[name] = torch.ones(N, L, dtype=torch.bool)
            yield named


def started(subject: Subject, sizes: Sizes) -> tuple[Asked, Tensor]:
    """How it can be called, and X [N L Q], or tokens [N L]. Where it fails, inputs as wide as its
    state are tried, with which mistakes can pass unnoticed."""
    trouble: CannotJudge | None = None
    torch.manual_seed(13)
    tokens = torch.randint(0, WORDS, (N, L))
    for widths in (sizes, Sizes({**sizes.known, "inputs": D}, sizes.order)):
        if widths is not sizes:
            if not subject.thing.is_class or subject.how:
                break
            subject.built = first_of_class(subject.thing, widths, {})
            subject.built.it.double()
        X = torch.randn(N, L, int(subject.sizes.get("inputs", Q)), requires_grad=True)
        for x in (X, tokens):
            for named in needs(subject):
                try:
                    subject.run(x, named=named)
                    return Asked(subject, named), x
                except CannotJudge as error:
                    trouble = trouble or error
    for width in dict.fromkeys(p.shape[1] for p in subject.parameters.values() if p.ndim == 2):
        X = torch.randn(N, L, width, requires_grad=True)  # as wide as some weights are
        for named in needs(subject):
            try:
                subject.run(X, named=named)
            except CannotJudge:
                continue
            subject.built = replace(subject.built, sizes={**subject.sizes, "inputs": width})
            return Asked(subject, named), X
    assert trouble
    raise trouble


def sharpen(subject: Subject) -> None:
    """Larger weights: with those of the start a state drifts one way, and its first step may be its
    largest."""
    with torch.no_grad():
        for p in subject.parameters.values():
            if p.ndim >= 2 and p.is_floating_point() and float(p.abs().max()) < 1:
                p.mul_(3)


def unkept(subject: Subject, asked: Asked, X: Tensor) -> bool:
    """A second call answers as the first did. Fault: state_kept_between_batches."""
    before, after = (
        first_of(subject.run(asked.turned(X), seed=1, named=asked.named)) for _ in range(2)
    )
    if torch.equal(before, after):
        return True
    far = difference(after, before)
    evidence = ("two calls with the same input", "equal", f"{far:.2g} apart")
    subject.fault("state_kept_between_batches", stored(subject), evidence)
    return False


def stored(subject: Subject) -> int:
    """The line at which the forward keeps a value in the object; else that of the forward."""

    def keeps(node: ast.AST) -> bool:
        targets = node.targets if isinstance(node, ast.Assign) else []
        flat = [e for t in targets for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
        return any(isinstance(each, ast.Attribute) for each in flat)

    lines = lines_where(subject.forward, keeps)
    return lines[-1] if lines else subject.line_in("forward")


BATCH, TIME = (
    r"(N|B|n|b|bs|batch\w*)( size)?",
    r"(L|T|S|t|l|(seq|sent|src)\w*|time\w*|steps|len\w*)( len\w*)?",
)
BATCH_FIRST = re.compile(
    rf"batch_first\s*=\s*True|[\[(]\s*{BATCH}\s*[,x×\s]\s*{TIME}\b|\b{BATCH}\s*,\s*{TIME}\s*(,.*)?="
    rf"|\b{BATCH}\s*=\s*\w+\.(size\(0\)|shape\[0\])"
)
TIME_FIRST = re.compile(
    rf"[\[(]\s*{TIME}\s*[,x×\s]\s*{BATCH}\b|\b{TIME}\s*,\s*{BATCH}\s*(,.*)?=|time[- ]first"
    rf"|\b{BATCH}\s*=\s*\w+\.(size\(1\)|shape\[1\])"
)


def says(subject: Subject) -> str:
    """Which axis comes first by its own words: "batch", "time", or ''."""
    parameter = inspect.signature(type(subject.it).__init__).parameters.get("batch_first")
    if parameter is not None and isinstance(parameter.default, bool):
        return "batch" if parameter.default else "time"
    try:
        text = inspect.getsource(type(subject.it))
    except (OSError, TypeError):
        return ""
    module = inspect.getmodule(type(subject.it))
    text += (module.__doc__ or "") if module else ""
    if BATCH_FIRST.search(text):
        return "batch"
    return "time" if TIME_FIRST.search(text) else ""


def laid_out(subject: Subject, asked: Asked, X: Tensor) -> bool:
    """Which axis is the batch, and whether samples stay apart. Faults: batch_first_missing,
    readout_last_sample; where samples mix in another way, none yet."""
    X = X.detach()
    if apart(asked, X, 0):
        subject.hold("batch_apart", "exact")
        return True
    word = says(subject)
    if asked.named and word != "batch":
        raise CannotJudge("check_lstm_layout")
    if not asked.named and apart(asked, X, 1):
        if word == "time":
            asked.time_first = True
            subject.variants.append("time_first")
            return True
        evidence = ("axis along which the state is carried", "1, the steps", "0, the samples")
        if taught(asked, X, evidence):
            if not word:
                subject.found.pop()
                raise CannotJudge("check_lstm_layout")
            return False
    out = first_of(subject.run(X, named=asked.named))
    if out.ndim == 2 and out.shape[0] == L:
        evidence = ("shape of the output", f"[{N} ...], one a sample", str(list(out.shape)))
        subject.fault("readout_last_sample", subject.line_in("forward"), evidence)
        return False
    if out.shape[0] != N:
        raise CannotJudge("check_shape", expected=f"[{N} ...]", found=list(out.shape))
    taught(asked, X, ("output of sample 0 when the others change", "the same", "another"))
    return False


def apart(asked: Asked, x: Tensor, axis: int) -> bool:
    """Whether the first and the last along an axis keep their outputs when the others change."""
    for index, rest in ((0, 1), (-1, 0)):
        other = x.clone()
        part = other.narrow(axis, rest, x.shape[axis] - 1)
        part.copy_(moved(part))
        out, changed = (
            first_of(asked.subject.run(each, named=asked.named)) for each in (x, other)
        )  # fmt: skip
        at = axis if out.ndim == 3 else 0
        if out.shape[at] != x.shape[axis]:
            return False
        if not difference(changed.select(at, index), out.select(at, index)) < TOLERANCE:
            return False
    return True


def taught(asked: Asked, X: Tensor, evidence: tuple[str, str, str]) -> bool:
    """Whether samples mix in an LSTM that was not told which axis is the batch. Fault:
    batch_first_missing."""
    subject = asked.subject
    _, trace = subject.record(X, named=asked.named)
    given = [call.ins[0].shape[:2] for call in trace.named("lstm", "gru", "rnn_tanh")]
    for name, module in subject.it.named_modules() if given and given[0] == X.shape[:2] else ():
        if isinstance(module, nn.RNNBase) and not module.batch_first:
            kind = type(module).__name__
            line = common.made_at(subject, kind)
            subject.fault("batch_first_missing", line, evidence, module=kind, name=name)
            return True
    return False
