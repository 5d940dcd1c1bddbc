"""An LSTM over a sequence: X [N L Q] -> Y, (Y, states), or what a layer on top makes of it.

    N batch · L steps · Q input features · D hidden width · K layers · E of Y, all directions

S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory" (1997); equations and states as in
torch.nn.LSTM.
"""

import ast
import inspect
import itertools
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import torch

from etude.checking import cell_program, common, padding, readout, recurrence, sequence
from etude.checking.build import Sizes
from etude.checking.constructions import first as first_of_class
from etude.checking.fit import Fit, Meant, attempt, difference
from etude.checking.program import Change, Steps
from etude.checking.roles import Role
from etude.checking.roles import lstm_cell as one
from etude.checking.sequence import Asked, D, K, L, Q, first_of
from etude.checking.source import CannotJudge, Thing, lines_where
from etude.checking.subject import Subject
from etude.checking.trace import TOLERANCE, Trace, same_values, tensors
from etude.shapes import Tensor

CLASSES = 9


def judge(subject: Subject) -> None:
    """As it is built, and with both directions where it can have them."""
    examine(subject)
    if subject.found or subject.how or not subject.thing.is_class:
        return
    parameter = inspect.signature(subject.thing.it).parameters.get("bidirectional")
    if parameter is not None and parameter.default is False:
        sizes = Sizes(ROLE.sizes.known, ROLE.sizes.order)
        subject.built = first_of_class(subject.thing, sizes, {"bidirectional": True})
        subject.built.it.double()
        examine(subject)


def examine(subject: Subject) -> None:
    """Behaviour first: the same twice, samples apart; then against the reference; then padding."""
    if not common.registered(subject):
        return
    asks, X = sequence.started(subject, ROLE.sizes)
    sequence.sharpen(subject)
    asked = asks[0]
    if not sequence.unkept(subject, asked, X):
        return
    for each in asks:
        each.kept = asked.kept
    asked.restore()
    if not asked.kept and not common.same_twice(subject, asked.turned(X), named=asked.named):
        drawn(subject, asked, X)
        return
    found = sequence.laid_out(subject, asks, X)
    if subject.found:
        return
    asked = found or asked
    common.spread(subject)
    asked.restore()
    out, trace = subject.record(asked.turned(X), named=asked.named)
    if not found:
        mixed(subject, asked, X, out, trace)
        return
    if explained(subject, asked, X, out, trace):
        whole = asked.straight(first_of(out))
        readout.squashed(subject, whole, trace)
        common.learns(subject, whole, trace)
        padding.judge(subject, asked, X.detach())
    if not subject.found and X.is_floating_point():
        common.coarser(subject, asked, X.detach(), asked(X.detach()))


def drawn(subject: Subject, asked: Asked, X: Tensor) -> None:
    """Where outputs differ by what is drawn as a first state, that is said. Fault: state_random."""
    if subject.found[-1].code != "random_forward":
        return
    _, trace = subject.record(asked.turned(X), seed=1, named=asked.named)
    noise = [(call.line, out) for call in trace.named(*common.NOISE) for out in call.outs]
    for call in trace.named("lstm", "lstm_cell", "linear", "matmul", "addmm"):
        fed = [v for v, made in zip(call.ins, call.made) if made is None]
        for line, out in noise:
            if any(same_values(out, each) for each in fed):
                subject.found[-1] = replace(subject.found[-1], code="state_random", line=line)
                return


def mixed(subject: Subject, asked: Asked, X: Tensor, out: Any, trace: Trace) -> None:
    """Samples mix: for a reason that can be proven, else for whatever reason. Fault:
    batch_mixed."""
    with suppress(CannotJudge):
        explained(subject, asked, X, out, trace)
    if not subject.found or subject.found[0].code in ("differs", "state_not_carried"):
        evidence = ("output of sample 0 when the others change", "the same", "another")
        subject.found.clear()
        subject.fault("batch_mixed", subject.line_in("forward"), evidence)


def explained(subject: Subject, asked: Asked, X: Tensor, out: Any, trace: Trace) -> bool:
    """Whether the recurrence and what is read of it are right."""
    P = subject.parameters
    said, depth = int(subject.sizes.get("hidden") or 0), int(subject.sizes.get("depth") or 1)
    words = [call.outs[0] for call in trace.named("embedding", "one_hot")]
    x = asked.straight(words[0]) if words and not X.is_floating_point() else X
    best: tuple[recurrence.Reading, Fit] | None = None
    widths = recurrence.widths_of(P, said, D)
    for skipped, width in itertools.product(range(3), widths):
        reading = recurrence.read(trace, P, x, width, depth, skipped)
        fit, line = read_of(subject, reading, out, asked, trace) if reading.meant else (None, 0)
        if fit and (fit.right or fit.fault or best is None):
            best, asked.line = (reading, fit), line
        if fit and (fit.right or fit.fault):
            break
    if best is None:
        raise CannotJudge("check_lstm_none")
    reading, fit = best
    if fit.right:
        return whole(subject, fit, reading, {"x": reading.x}, out, trace)
    if fit.fault:
        common.explain(subject, fit, trace)
        finding = subject.found[-1]
        where = place(subject, fit.fault, finding.line, asked.line, reading)
        subject.found[-1] = replace(finding, line=where)
        one.second(subject, fit, trace)
        return False
    return unexplained(subject, asked, X, fit, reading, trace)


def read_of(
    subject: Subject, reading: recurrence.Reading, out: Any, asked: Asked, trace: Trace
) -> tuple[Fit | None, int]:
    """How what is read of the recurrence came out, and at which line it is read."""
    lead = first_of(out)
    targets = list(readout.seen(trace, reading.head)) or [(lead, trace.line_of(lead))]
    fit, line = None, 0
    for target, where in targets:
        line = line or where
        with torch._C.DisableTorchFunction():  # nothing of ours needs a mode, which takes time
            fit = fitted(subject, {"x": reading.x}, reading, asked.straight(target), trace)
        if fit and (fit.right or fit.fault):
            break
    return fit, line


def fitted(
    subject: Subject, given: Mapping[str, Any], reading: recurrence.Reading, target: Tensor,
    trace: Trace,
) -> Fit | None:  # fmt: skip
    """The meaning, readout and fault that give the target. A recurrence whose Y the forward has is
    not doubted."""
    P = subject.parameters
    played = [(m, attempt(recurrence.lstm, given, m, P)[0]) for m in reading.meant]
    played = [(meant, steps) for meant, steps in played if done(steps)]
    for meant, steps in played:
        for read in readout.VARIANTS:
            if (error := far(read, steps, target)) < TOLERANCE:
                return fit_of(True, meant, read, None, error, steps, trace)
    sure = [each for each in played if trace.holds(each[1].Y)]
    for meant, steps in sure or played:
        for fault in readout.FAULTS:
            if (error := far(fault, steps, target)) < TOLERANCE:
                return fit_of(False, meant, readout.VARIANTS[0], fault, error, steps, trace)
    doubted = [*recurrence.FAULTS, *([] if sure or reading.trusted else cell_program.FAULTS)]
    for fault in doubted:
        for meant in reading.meant[:3]:
            steps = attempt(recurrence.lstm, given, meant, P, fault)[0]
            for read in readout.VARIANTS if done(steps) else ():
                if (error := far(read, steps, target)) < TOLERANCE:
                    return fit_of(False, meant, read, fault, error, steps, trace)
    if not played:
        return None
    meant, steps = (sure or played)[0]
    if not sure and not reading.trusted and not reading.other:
        there = {name: trace.holds(value) for name, value in reversed(steps.log)}
        for pair in one.pairs(there):
            steps = attempt(recurrence.lstm, given, meant, P, *pair)[0]
            for read in readout.VARIANTS if done(steps) else ():
                if (error := far(read, steps, target)) < TOLERANCE:
                    found = fit_of(False, meant, read, pair[0], error, steps, trace)
                    return replace(found, variants=(read, pair[1]))
        steps = attempt(recurrence.lstm, given, meant, P)[0]
    return fit_of(False, meant, readout.VARIANTS[0], None, float("inf"), steps, trace)


def done(steps: Steps) -> bool:
    """Whether a recurrence could be played to its end."""
    return "read" in dict(steps.log)


def far(read: Change, steps: Steps, target: Tensor) -> float:
    """How far a way of reading is from what was read; infinite where it does not fit."""
    try:
        how = read.steps.get("read")
        value = how(steps) if how else steps.Y
    except (RuntimeError, IndexError, AttributeError, ValueError):
        return float("inf")
    return difference(target, value)


def fit_of(
    right: bool, meant: Meant, read: Change, fault: Change | None, error: float, steps: Steps,
    trace: Trace,
) -> Fit:  # fmt: skip
    """Of each step its last values, for those of the first are zeros in part; its first, where it
    is to be said where they part."""
    known = right or fault is not None
    log = tuple(dict(steps.log if known else reversed(steps.log)).items())[:: 1 if known else -1]
    seen = tuple(
        (name, trace.holds(value)) for name, value in log if name not in ("joined", "read")
    )
    return Fit(right, meant, (read,), fault, error, seen, log)


def place(
    subject: Subject, fault: Change, values: int, read: int, reading: recurrence.Reading
) -> int:
    """The line of a fault. values: where its steps' values come out; read: where the output is
    read."""
    if "read" in fault.steps:
        return read or values
    if fault.name == "state_not_carried":
        return anew(subject) or reading.line
    return values or reading.line


def anew(subject: Subject) -> int:
    """The line at which states are made within a loop; 0."""
    found: list[int] = []

    def makes(node: ast.AST) -> bool:
        for inner in ast.walk(node) if isinstance(node, ast.For) else ():
            if isinstance(inner, ast.Call):
                name = getattr(inner.func, "attr", getattr(inner.func, "id", ""))
                if re.match(r"(new_)?zeros|init", name):
                    found.append(inner.lineno)
        return False

    lines_where(type(subject.it), makes)
    return found[0] if found else 0


def whole(
    subject: Subject, fit: Fit, reading: recurrence.Reading, given: Mapping[str, Any], out: Any,
    trace: Trace,
) -> bool:  # fmt: skip
    """What holds besides the values: layers with weights of their own, states as they should be.
    Faults: layers_shared, state_not_last."""
    common.explain(subject, fit, trace)
    subject.variants[:] = [v for v in subject.variants if v != "last_step"]
    if fit.meant.said == "shared":
        evidence = ("layers with weights of their own", "one each", "fewer")
        line = common.made_at(subject, "ModuleList") or subject.line_in("__init__")
        subject.fault("layers_shared", line, evidence)
        return False
    return states(subject, fit, given, out)


def states(subject: Subject, fit: Fit, given: Mapping[str, Any], out: Any) -> bool:
    """What comes back besides the output is a state after the last step. Fault:
    state_not_last."""
    steps, _ = attempt(recurrence.lstm, given, fit.meant, subject.parameters)
    for each in tensors(out[1:] if isinstance(out, tuple) else ()):
        if each.shape[-1] != steps.hn.shape[-1] or not each.is_floating_point():
            continue
        if each.shape not in (steps.hn.shape, steps.hn[-1].shape):
            continue
        known = [*steps.hn, *steps.cn, steps.hn, steps.cn, *steps.Y.unbind(1)[-1:]]
        if any(v.shape == each.shape and difference(each, v) < TOLERANCE for v in known):
            continue
        evidence = ("a state that is returned", "that after the last step", "another")
        subject.fault("state_not_last", one.returns(subject), evidence)
        return False
    subject.hold("states", "")
    return True


def unexplained(
    subject: Subject, asked: Asked, X: Tensor, fit: Fit, reading: recurrence.Reading, trace: Trace
) -> bool:
    """Where neither the reference nor one fault gives what is read: a recurrence that is right may
    be read in ways of its own. Fault: differs."""
    if not readout.depends(subject, asked, X.detach(), sequence.moved(X.detach())):
        return False
    held = dict(fit.steps).get("Y", False)
    if held or reading.trusted:
        subject.variants.append("own_readout")
        return True
    if reading.other:
        kinds = ", ".join(sorted({use.kind for use in reading.other}))
        raise CannotJudge("check_lstm_other", what=kinds)
    common.explain(subject, fit, trace)
    return False


def fits(thing: Thing) -> bool:
    """A class that makes an nn.LSTM or cells of it."""
    try:
        return thing.is_class and bool(
            re.search(r"\bLSTM(Cell)?\(|['\"]LSTM['\"]", inspect.getsource(thing.it))
        )
    except (OSError, TypeError):
        return False


ROLE = Role(
    called=r"(?!\w*(cell|step|unit)$)\w*lstm\w*|long_?short_?term_?memory\w*|sequence_?\w+|"
    r"\w*text_?classifier",
    sizes=Sizes(
        {
            "cell": "LSTM", "both": True, "vocabulary": 11, "depth": K, "dropout": 0.5,
            "classes": CLASSES, "hidden": D, "inputs": Q, "length": L, "outputs": CLASSES,
        },
        ("inputs", "hidden", "classes"),
    ),
    judge=judge,
    fits=fits,
)  # fmt: skip
