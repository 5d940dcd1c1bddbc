"""A training function: model, loader, optimizer, loss -> a trained model, and what it reports.

It is played on a small network for two epochs. What is judged: data (nothing is learned from
validation or test data), the order zero_grad, backward, step, the modes, what the loss is fed,
graphs that are kept, and the numbers that are given back.
"""

import ast
import inspect
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

import torch
from torch import nn
from torch.autograd import Function
from torch.optim import Optimizer

from etude.checking.borrowed import lend
from etude.checking.build import Sizes, needed
from etude.checking.call_arguments import EPOCHS, Trainer, callers, meanings, syntax, values
from etude.checking.constructions import first as first_of_class
from etude.checking.networks import samples_for
from etude.checking.report import reported, returns
from etude.checking.roles import Role
from etude.checking.source import CannotJudge, Thing, names_beside, things
from etude.checking.subject import Subject
from etude.checking.training_events import BATCH, BATCHES, Lesson, detached, squashed_by
from etude.checking.training_kinds import CLASSES, KINDS
from etude.checking.uses import backwards
from etude.shapes import Tensor

PATIENCE = 6.0
"""Seconds in which ways to play are tried."""


def played(call: Callable[..., Any], subject: Subject) -> tuple[Lesson, list[Any]]:
    """The first network and kind of targets with which the function works, and what it gave back:
    the file's own network, else ours. Raises CannotJudge where none works."""
    found, trouble = meanings(call), None
    if missing := [name for name in needed(call) if name not in found]:
        said = f"{getattr(call, '__name__', '')}{inspect.signature(call)}"
        raise CannotJudge("check_ask", parameter=missing[0], call=said)
    until = time.monotonic() + PATIENCE
    for lesson in lessons(call, subject, found):
        try:
            out = played_once(call, lesson, found)
        except CannotJudge as error:
            trouble = trouble or error
            if time.monotonic() > until:
                break
            continue
        if lesson.seen and not misfed(lesson):
            return lesson, out
        trouble = trouble or CannotJudge("check_training_unused")
    raise trouble or CannotJudge("check_training_unused")


def lessons(
    call: Callable[..., Any], subject: Subject, found: Mapping[str, str]
) -> Iterator[Lesson]:
    """Networks and targets that it may be for, the likeliest first."""
    if "model" in found.values():
        for own, like in own_networks(call):
            for kind in KINDS[:7]:
                yield Lesson(subject.thing.file, kind, deepcopy(own), like)
    for kind in KINDS:
        yield Lesson(subject.thing.file, kind)


def own_networks(call: Callable[..., Any]) -> Iterator[tuple[nn.Module, Tensor]]:
    """Networks of the file's own classes, wholes first, each with what it takes."""
    module = sys.modules.get(getattr(call, "__module__", ""))
    made = getattr(call, "made", None)
    made = sys.modules.get(made.__module__) if made else module
    for thing in reversed(list(things(made)) if made else []):
        if not (thing.is_class and issubclass(thing.it, nn.Module) and thing.it is not call):
            continue
        try:
            it = first_of_class(thing, OWN, {}).it.double()
        except CannotJudge:
            continue
        for like in samples_for(it, BATCH):
            if runs(it, like):
                yield it, like
                break


OWN = Sizes({"classes": CLASSES, "outputs": CLASSES, "inputs": 16, "hidden": 8, "channels": 1,
             "image": 28, "width": 8, "heads": 2, "depth": 1, "vocabulary": 11, "length": 8},
            ("inputs", "hidden", "classes"))  # fmt: skip


def runs(it: nn.Module, x: Tensor) -> bool:
    """Whether a network takes an input, and has outputs [N C]."""
    try:
        with torch.no_grad():
            out = it(x)
    except (Exception, SystemExit):
        return False
    return isinstance(out, torch.Tensor) and out.ndim == 2 and len(out) == len(x)


def played_once(call: Callable[..., Any], lesson: Lesson, found: Mapping[str, str]) -> list[Any]:
    """What a function gives back, epoch by epoch; of one that takes a batch, batch by batch."""
    known = values(lesson)
    given = {name: known[means] for name, means in found.items() if means in known}
    batch = {means: name for name, means in found.items() if means in ("x", "y", "batch")}
    lesson.by_batch = bool(batch) and not set(found.values()) & {"train", "loaders"}
    if not lesson.by_batch:
        times = 1 if "epochs" in found.values() else EPOCHS
        return lesson.play(call, given, times)

    def steps() -> list[Any]:
        out = []
        for x, y in lesson.loaders["train"]:
            pair = {"x": x, "y": y, "batch": (x, y)}
            found = call(**given, **{name: pair[means] for means, name in batch.items()})
            out.append(detached(found))
        return out

    return lesson.play(steps, {}, EPOCHS)


def misfed(lesson: Lesson) -> bool:
    """Whether a network of ours, which gives logits, was taken for one that gives their logarithms:
    then that is the function's contract."""
    raw = [name for name, _, value, seen in lesson.inputs if squashed_by(value, seen.out) == ""]
    return not lesson.own and lesson.kind.ends == "" and "nll_loss" in raw


CHECKS: list[Callable[[Subject, Lesson], bool]] = []


def check(function: Callable[[Subject, Lesson], bool]) -> Callable[[Subject, Lesson], bool]:
    """Put it at the end of what is checked."""
    CHECKS.append(function)
    return function


@check
def own_data(subject: Subject, lesson: Lesson) -> bool:
    """Nothing is learned from validation or test data. Fault: trains_on_test."""
    for name in ("test", "val"):
        if any(seen.learned for seen in lesson.seen if seen.source == name):
            line = next(e.line for e in lesson.events if e.what == "backward" and e.source == name)
            evidence = (f"batches of the {name} loader that are learned from", "0", "some")
            subject.fault("trains_on_test", line, evidence, name=name)
            return False
    subject.hold("own_data", "")
    return True


@check
def stepped(subject: Subject, lesson: Lesson) -> bool:
    """There are backwards, and steps. Faults: backward_missing, step_missing."""
    backward = next((e for e in lesson.events if e.what == "backward"), None)
    step = next((e for e in lesson.events if e.what == "step"), None)
    if backward and step:
        return True
    if backward and not lesson.made and "optimizer" not in meanings_of(subject):
        raise CannotJudge("check_training_part")
    code = "backward_missing" if step or not backward else "step_missing"
    line = (backward or step).line if backward or step else subject.thing.line  # type: ignore[union-attr]
    subject.fault(code, line, ("backward, step", "both", "one" if backward or step else "none"))
    return False


@check
def order(subject: Subject, lesson: Lesson) -> bool:
    """zero_grad, backward, step. Faults: step_before_backward, zero_grad_after_backward,
    zero_grad_missing, step_outside_loop."""
    events = [e for e in lesson.events if e.what in ("backward", "step", "zero")]
    said = ", ".join(e.what for e in events[:6])
    first = next(e for e in events if e.what != "zero")
    if first.what == "step":
        wrong = ("step_before_backward", first.line)
    else:
        wrong = _lost(events)
    if wrong[0]:
        subject.fault(wrong[0], wrong[1], ("order", "zero, backward, step", said))
        return False
    subject.hold("order", "zero_grad, backward, step")
    return True


def _lost(events: list[Any]) -> tuple[str, int]:
    """Gradients that are used twice, or never."""
    waits, zero = False, 0  # a backward without its step; the line of the last zero_grad
    stepped = False
    for event in events:
        if event.what == "zero":
            zero = event.line
        elif event.what == "step":
            if event.empty and waits:
                return "zero_grad_after_backward", zero or event.line
            waits, stepped = False, True
        else:
            if not event.empty and stepped and not waits:
                return "zero_grad_missing", zero or event.line
            if event.empty and waits:
                step = next((e.line for e in events if e.what == "step"), 0)
                return "step_outside_loop", step
            waits = True
    return "", 0


@check
def whole_epoch(subject: Subject, lesson: Lesson) -> bool:
    """All batches are gone through. Fault: return_inside_loop."""
    learned = [seen for seen in lesson.seen if seen.learned]
    if len(learned) > EPOCHS or not lesson.opened.get("train"):
        return True
    line = returns(subject.it, ast.For)[0] or subject.thing.line
    evidence = ("batches learned from", str(BATCHES * EPOCHS), str(len(learned)))
    subject.fault("return_inside_loop", line, evidence)
    return False


@check
def modes(subject: Subject, lesson: Lesson) -> bool:
    """Train mode for what is learned from, eval mode for validation. Faults: never_eval,
    train_mode_not_restored, trains_in_eval_mode."""
    learned = [seen for seen in lesson.seen if seen.learned]
    line = next((e.line for e in lesson.events if e.what == "eval"), 0)
    wrong = next((seen for seen in learned if not seen.mode), None)
    if wrong:
        code = "train_mode_not_restored" if learned[0].mode else "trains_in_eval_mode"
        evidence = (f"mode in epoch {wrong.epoch}", "train", "eval")
        subject.fault(code, line or wrong.line, evidence)
        return False
    return in_eval(subject, lesson)


def in_eval(subject: Subject, lesson: Lesson) -> bool:
    """Validation is in eval mode. Fault: never_eval."""
    wrong = next((s for s in lesson.seen if s.source != "train" and s.mode), None)
    if wrong:
        evidence = (f"mode on the {wrong.source} loader", "eval", "train")
        subject.fault("never_eval", wrong.line, evidence)
        return False
    subject.hold("modes", "")
    return True


@check
def fed(subject: Subject, lesson: Lesson) -> bool:
    """The loss gets what it expects. Faults: softmax_before_cross_entropy and the like."""
    for name, line, value, seen in lesson.inputs:
        code, how = misread(name, value, seen.out)
        if code:
            where = lesson.squashed.get(how.removesuffix("_batch"), 0) or line
            subject.fault(code, where, (f"input of {name}", "as the model gives it", how or "raw"))
            return False
    return True


def misread(name: str, value: Tensor, out: Tensor) -> tuple[str, str]:
    """The fault of a loss's input, by its values, and what made it; '' where there is none."""
    how = squashed_by(value, out)
    if value.ndim < 2 or value.shape[1] < 2:
        twice = name == "binary_cross_entropy_with_logits" and how == "sigmoid"
        return ("logits_twice" if twice else "", how)
    shares = bool((value >= 0).all()) and bool(((value.sum(1) - 1).abs() < 1e-6).all())
    if name == "cross_entropy":
        if shares or how == "softmax_batch":
            return "softmax_before_cross_entropy", how if how[:7] == "softmax" else "softmax"
        return ("sigmoid_before_cross_entropy" if how == "sigmoid" else "", how)
    if name == "nll_loss":
        logs = bool(((value.exp().sum(1) - 1).abs() < 1e-6).all())
        return ("" if logs or how == "?" else "nll_without_log_softmax", how)
    twice = name == "binary_cross_entropy_with_logits" and how == "sigmoid"
    return ("logits_twice" if twice else "", how)


@check
def graphs(subject: Subject, lesson: Lesson) -> bool:
    """A batch's graph goes when the batch is done. Fault: graph_kept."""
    most = max((seen.alive for seen in lesson.seen), default=0)
    if most < 2:
        subject.hold("graphs", "")
        return True
    line = lesson.adds[-1] if lesson.adds else subject.thing.line
    subject.fault("graph_kept", line, ("graphs of batches that are done", "0", f"{most} and more"))
    return False


@check
def compared(subject: Subject, lesson: Lesson) -> bool:
    """Predictions and labels of one shape are compared. Fault: accuracy_broadcast."""
    if lesson.broadcast:
        evidence = ("shape of what compares predictions and labels", "[N]", "[N, N]")
        subject.fault("accuracy_broadcast", lesson.broadcast, evidence)
    return not lesson.broadcast


@check
def kept(subject: Subject, lesson: Lesson) -> bool:
    """One optimizer goes through all epochs. Fault: optimizer_rebuilt."""
    if lesson.rebuilt:
        evidence = ("optimizers made at this line for the same weights", "1", "2 and more")
        subject.fault("optimizer_rebuilt", lesson.rebuilt, evidence)
    return not lesson.rebuilt


def judge(subject: Subject) -> None:
    """What it does with model and data; then what it reports; then the file's evaluation. A step
    that others of the file call is judged as they call it."""
    lend(subject.thing)
    if is_evaluation(subject.thing.name):
        evaluation(subject, subject.it)
        return
    call = Trainer(subject.it) if inspect.isclass(subject.it) else subject.it
    lesson, out = played_whole(subject, call)
    for each in CHECKS:
        if not each(subject, lesson):
            return
    if not lesson.by_batch and not reported(subject, lesson, out):
        return
    if all(seen.source == "train" for seen in lesson.seen):
        module = names_beside(subject.it)
        for name, it in module.items():
            if (
                inspect.isfunction(it)
                and is_evaluation(name)
                and it.__module__ == subject.it.__module__
            ):
                evaluation(subject, it)


def played_whole(subject: Subject, call: Callable[..., Any]) -> tuple[Lesson, list[Any]]:
    """A lesson by what calls it, else by itself."""
    for outer in () if isinstance(call, Trainer) else callers(call):
        try:
            return played(outer, subject)
        except CannotJudge:
            continue
    return played(call, subject)


def meanings_of(subject: Subject) -> set[str]:
    """What the parameters of a thing mean."""
    call = Trainer(subject.it) if inspect.isclass(subject.it) else subject.it
    return set(meanings(call).values())


def is_evaluation(name: str) -> bool:
    """Whether a function of this name evaluates a model."""
    what = "model|epoch|one_epoch|loop|step|net|accuracy|loss"
    pattern = rf"(eval|test|valid)(uate|uation|idate|ation)?(_({what}))?"
    return re.fullmatch(pattern, name) is not None


def evaluation(subject: Subject, call: Callable[..., Any]) -> None:
    """An evaluation learns nothing, in eval mode, and reports what it saw."""
    try:
        lesson, out = played(call, subject)
    except CannotJudge:
        if call is subject.it:
            raise
        return
    for seen in lesson.seen:
        seen.source = "val"
    for event in lesson.events:
        if event.what == "step":
            evidence = ("optimizer steps while evaluating", "0", "some")
            subject.fault("trains_on_test", event.line, evidence, name="test")
            return
    if lesson.seen and in_eval(subject, lesson) and fed(subject, lesson):
        _ = graphs(subject, lesson) and compared(subject, lesson)
        _ = subject.found or reported(subject, lesson, out)


def fits(thing: Thing) -> bool:
    """A function, or a class that is no module, with a backward, that is handed what it trains; or
    a function of a model, a loader and an optimizer."""
    if not callable(thing.it):
        return False
    node, functions = syntax(thing.it)
    learns = node is not None and bool(backwards(node, functions))
    if thing.is_class:
        return learns and not issubclass(thing.it, nn.Module | Optimizer | Function)
    found = set(meanings(thing.it).values())
    if learns:
        return "model" in found and bool(found & {"train", "loaders", "x", "batch", "optimizer"})
    return "model" in found and "optimizer" in found and bool(found & {"train", "loaders"})


ROLE = Role(
    called=r"(\w*_)?(train|fit|training)(_?(model|loop|epoch|one_epoch|network|net|fn|func|classifier|\w+))?|(run|one)_(train\w*|epoch)|\w*(trainer|learner)",
    sizes=Sizes({}),
    judge=judge,
    fits=fits,
    kinds=("function", "class"),
    made=False,
)
