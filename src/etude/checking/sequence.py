"""How a user's sequence model is called, which axis it takes for the batch, and what it keeps.

N batch · L steps · Q input features · D hidden width · K layers
"""

import ast
import inspect
import linecache
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from etude.checking import common, docstrings, padding
from etude.checking.build import Sizes, needed
from etude.checking.constructions import first as first_of_class
from etude.checking.fit import difference
from etude.checking.source import CannotJudge, lines_where, theirs
from etude.checking.subject import Subject, first
from etude.checking.trace import TOLERANCE
from etude.shapes import Tensor

N, L, Q, D, K = 5, 4, 7, 6, 3
"""No two axes alike, nor K doubled by two directions: an output's shape tells its axes."""
WORDS = 5
STATE = re.compile(
    r"h_?0|c_?0|h|c|hx|cx|h_?c|(hidden|cell)(_state)?s?|states?|(init|initial|prev)_?(states?|hidden)",
    re.IGNORECASE,
)
MASK = re.compile(r"\w*mask\w*", re.IGNORECASE)


@dataclass
class Asked:
    """How a user's LSTM is called. layout: one of LAYOUTS; named: what else it needs; turned_steps:
    whether an output [N L ...] as one axis has its steps first; line: where its outputs are read;
    kept: tensors that the object holds besides its weights, put back before each call."""

    subject: Subject
    named: Mapping[str, Any]
    layout: str = "batch"
    steps_lead: bool = False
    line: int = 0
    kept: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, X: Tensor, named: Mapping[str, Any] | None = None) -> Tensor:
        """X [N L Q] -> its output, batch first where it has steps."""
        named = self.named if named is None else named
        self.restore()
        out = first_of(self.subject.run(self.turned(X), seed=1, named=named))
        return self.straight(out, *X.shape[:2])

    def restore(self) -> None:
        """Put back what the object held."""
        if self.kept:
            self.subject.it.__dict__.update(self.kept)

    def turned(self, X: Tensor) -> Tensor:
        """As it takes it."""
        return X[0] if self.layout == "single" else X.transpose(0, 1) if self.time_first else X

    @property
    def time_first(self) -> bool:
        """Whether it takes [L N Q]."""
        return self.layout == "steps"

    def straight(self, out: Tensor, n: int = N, steps: int = L) -> Tensor:
        """An output, batch first; with its steps as the second axis where it has them."""
        if self.layout == "single":
            return out.unsqueeze(0) if out.shape[:1] == (steps,) else out
        if out.ndim and out.shape[0] == n * steps and 1 not in (n, steps):
            if self.steps_lead:
                return out.reshape(steps, n, *out.shape[1:]).transpose(0, 1)
            return out.reshape(n, steps, *out.shape[1:])
        axes = [axis for axis in range(min(out.ndim, 3)) if out.shape[axis] == n]
        if not axes or (n == steps and not self.time_first):
            return out
        out = out.movedim(axes[-1] if n == steps else axes[0], 0)
        return out.movedim(2, 1) if out.ndim > 3 and out.shape[2] == steps else out


LAYOUTS = ("batch", "steps", "single")
"""X [N L Q], [L N Q], or [L Q] of one sample."""


def first_of(out: Any) -> Tensor:
    """The output itself; a list of each step's as one tensor [L ...]."""
    lead = out[0] if isinstance(out, tuple) else out
    if isinstance(lead, list) and len(lead) > 1 and all(
        isinstance(v, torch.Tensor) and v.shape == lead[0].shape for v in lead
    ):  # fmt: skip
        return torch.stack(lead)
    return first(out)


def moved(X: Tensor) -> Tensor:
    """Other values everywhere, of tokens too."""
    return X + torch.randn_like(X) if X.is_floating_point() else (X + 1) % WORDS


STARTS = re.compile(
    r"(init|begin|initial|zero|get_init|reset|initiali[sz]e)_?(hidden|states?)\w*", re.I
)
"""Methods that make the first states."""


def needs(subject: Subject, layout: str) -> Iterator[dict[str, Any]]:
    """What a forward needs besides X: lengths that hide nothing, states that are zero."""
    more = needed(subject.forward)[1:]
    n = 1 if layout == "single" else N
    for lengths in (torch.full((n,), L), [L] * n):
        for state in (None, *(first_states(subject, n) if more else ())):
            named: dict[str, Any] = {}
            left = list(state) if isinstance(state, tuple) else []
            apart = len([name for name in more if STATE.fullmatch(name)]) > 1
            for name in more:
                if padding.LENGTHS.fullmatch(name):
                    named[name] = lengths
                elif STATE.fullmatch(name):
                    named[name] = left.pop(0) if apart and left else state
                elif MASK.fullmatch(name):
                    mask = torch.ones(n, L, dtype=torch.bool)
                    named[name] = mask.T if layout == "steps" else mask
            yield named


def first_states(subject: Subject, n: int) -> Iterator[Any]:
    """States for n samples: of the object's own method, else zeros."""
    it = subject.it
    for name in dir(type(it)):
        if STARTS.fullmatch(name) and callable(method := getattr(it, name)):
            for arguments in ((n,), (n, torch.device("cpu")), ()):
                with (
                    suppress(CannotJudge),
                    theirs(subject.thing.file, "check_crashed", shapes=name),
                ):
                    yield method(*arguments)
    made = [m for m in it.modules() if isinstance(m, nn.LSTM)] if isinstance(it, nn.Module) else []
    cells = made[0] if made else None
    both = 2 if getattr(cells or it, "bidirectional", False) else 1
    depth = cells.num_layers if cells else int(subject.sizes.get("depth", 1))
    zero = torch.zeros(
        depth * both, n, cells.hidden_size if cells else subject.sizes.get("hidden", D)
    )
    yield from ((zero, zero), zero, (zero[0], zero[0]), zero[0])


def started(subject: Subject, sizes: Sizes) -> tuple[list[Asked], Tensor]:
    """The ways in which it can be called, and X [N L Q], or tokens [N L]. Where it fails, inputs as
    wide as its state are tried, with which mistakes can pass unnoticed."""
    trouble: CannotJudge | None = None
    torch.manual_seed(13)
    tokens = torch.randint(0, WORDS, (N, L))
    wide = int(subject.sizes.get("inputs") or Q)
    columns = {n for p in subject.parameters.values() if p.ndim == 2 for n in p.shape}
    fitting = [width for width in (wide, D, *sorted(columns)) if width]
    for width in dict.fromkeys(fitting):
        if width == D != wide and subject.thing.is_class and not subject.how:
            with suppress(CannotJudge):  # where a state goes where an input should
                known = Sizes({**sizes.known, "inputs": D}, sizes.order)
                subject.built = first_of_class(subject.thing, known, {})
                subject.built.it.double()
        for x in (torch.randn(N, L, width, requires_grad=True), tokens):
            asks = []
            for layout in layouts(subject):
                try:
                    asks.append(asked_so(subject, layout, x))
                except CannotJudge as error:
                    trouble = trouble or error
            both = [ask for ask in asks if ask.layout != "single"]
            if asks:
                subject.built = replace(subject.built, sizes={**subject.sizes, "inputs": width})
                return both or asks, x if both else x[:1].detach().clone().requires_grad_(
                    x.is_floating_point()
                )
    assert trouble
    raise trouble


def asked_so(subject: Subject, layout: str, x: Tensor) -> Asked:
    """In one layout. Raises CannotJudge where it cannot be called so."""
    trouble: CannotJudge | None = None
    for named in needs(subject, layout):
        asked = Asked(subject, named, layout)
        before = outside(subject)
        try:
            subject.run(asked.turned(x), named=named)
            subject.it.__dict__.update(before)
            return asked
        except CannotJudge as error:
            trouble = trouble or error
    assert trouble
    raise trouble


def layouts(subject: Subject) -> list[str]:
    """The likeliest first, by its own words."""
    said = declared(subject) or says(subject)
    return ["steps", "batch", "single"] if said == "time" else list(LAYOUTS)


def sharpen(subject: Subject) -> None:
    """Larger weights: with those of the start a state drifts one way, and its first step may be its
    largest."""
    with torch.no_grad():
        for p in subject.parameters.values():
            if p.ndim >= 2 and p.is_floating_point() and float(p.abs().max()) < 1:
                p.mul_(3)


def outside(subject: Subject) -> dict[str, Any]:
    """What the object holds besides its weights and modules."""
    return {k: v for k, v in vars(subject.it).items() if k[0] != "_" and k != "training"}


def unkept(subject: Subject, asked: Asked, X: Tensor) -> bool:
    """A second call answers as the first did; or its caller can begin anew, as its methods or its
    file show. Fault: state_kept_between_batches."""
    held = outside(subject)
    before, after = (
        first_of(subject.run(asked.turned(X), seed=1, named=asked.named)) for _ in range(2)
    )
    if torch.equal(before, after):
        return True
    text = "".join(linecache.getlines(subject.thing.file))
    now = {k for k, v in outside(subject).items() if v is not held.get(k)}
    resets = [name for name in dir(type(subject.it)) if STARTS.fullmatch(name)]
    if now and (resets or any(re.search(rf"(?<!self)\.{k}\s*=[^=]", text) for k in now)):
        asked.kept = {k: held.get(k) for k in now}
        subject.variants.append("state_begun_by_caller")
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
BATCH_SHAPE = re.compile(rf"[\[(]\s*{BATCH}\s*[,x×\s]\s*{TIME}\b")
TIME_SHAPE = re.compile(rf"[\[(]\s*{TIME}\s*[,x×\s]\s*{BATCH}\b|time[- ]first")
TIME_FIRST = re.compile(
    rf"[\[(]\s*{TIME}\s*[,x×\s]\s*{BATCH}\b|\b{TIME}\s*,\s*{BATCH}\s*(,.*)?=|time[- ]first"
    rf"|\b{BATCH}\s*=\s*\w+\.(size\(1\)|shape\[1\])"
)


def declared(subject: Subject) -> str:
    """Which axis comes first by what it promises: batch_first, or the first shape in its docstring;
    "batch", "time" or ''."""
    it = subject.it
    own = it.batch_first if isinstance(it, nn.RNNBase) else None
    parameter = inspect.signature(type(it).__init__).parameters.get("batch_first")
    if own is None and parameter is not None and isinstance(parameter.default, bool):
        own = parameter.default
    if own is not None:
        return "batch" if own else "time"
    text = docstrings.words(subject.thing)
    shapes = {"batch": BATCH_SHAPE.search(text), "time": TIME_SHAPE.search(text)}
    return min((hit.start(), word) for word, hit in shapes.items() if hit)[1] if any(
        shapes.values()
    ) else ""  # fmt: skip


def says(subject: Subject) -> str:
    """Which axis comes first by its names, which prove nothing: "batch", "time", or ''."""
    try:
        text = inspect.getsource(type(subject.it))
    except (OSError, TypeError):
        return ""
    if BATCH_FIRST.search(text):
        return "batch"
    return "time" if TIME_FIRST.search(text) else ""


def laid_out(subject: Subject, asks: Sequence[Asked], X: Tensor) -> Asked | None:
    """How it is called so that samples stay apart; None where they do not, however it is called.
    Faults: batch_first_missing, readout_last_sample; where samples mix in another way, none yet."""
    X = X.detach()
    found = next((each for each in asks if apart(each, X)), None)
    if found is None:
        mixing(subject, asks[0], X)
        return None
    subject.hold("batch_apart", "exact")
    if found.time_first:
        evidence = ("axis along which the state is carried", "1, the steps", "0, the samples")
        if declared(subject) == "batch":
            if taught(asks[0], X, evidence):
                return None
            raise CannotJudge("check_lstm_layout")
        subject.variants.append("time_first")
    return found


def mixing(subject: Subject, asked: Asked, X: Tensor) -> None:
    """Samples mix in every layout."""
    if taught(asked, X, ("output of sample 0 when the others change", "the same", "another")):
        return
    out = asked(X)
    if out.ndim == 2 and out.shape[0] == (N if asked.time_first else L):
        evidence = ("shape of the output", f"[{N} ...], one a sample", str(list(out.shape)))
        subject.fault("readout_last_sample", subject.line_in("forward"), evidence)
    elif out.shape[:1] != X.shape[:1]:
        raise CannotJudge("check_shape", expected=f"[{N} ...]", found=list(out.shape))


def apart(asked: Asked, X: Tensor) -> bool:
    """Whether the first and the last sample keep their outputs when the others change."""
    if asked.layout == "single":
        return True
    for lead in (asked.time_first, not asked.time_first):
        asked.steps_lead = lead
        out = asked(X)
        if out.shape[:1] != X.shape[:1]:
            return False
        if all(alone(asked, X, out, index) for index in (0, -1)):
            return True
    return False


def alone(asked: Asked, X: Tensor, out: Tensor, index: int) -> bool:
    """Whether a sample's output is the same among others."""
    other = moved(X)
    other[index] = X[index]
    return difference(asked(other)[index], out[index]) < TOLERANCE


def taught(asked: Asked, X: Tensor, evidence: tuple[str, str, str]) -> bool:
    """Whether samples mix in an LSTM that was not told which axis is the batch. Fault:
    batch_first_missing."""
    subject = asked.subject
    asked.restore()
    _, trace = subject.record(X, named=asked.named)
    given = [call.ins[0].shape[:2] for call in trace.named("lstm", "gru", "rnn_tanh")]
    for name, module in subject.it.named_modules() if given and given[0] == X.shape[:2] else ():
        if isinstance(module, nn.RNNBase) and not module.batch_first:
            kind = type(module).__name__
            line = common.made_at(subject, kind)
            subject.fault("batch_first_missing", line, evidence, module=kind, name=name)
            return True
    return False
