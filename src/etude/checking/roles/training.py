"""A training function: model, loader, optimizer, loss -> a trained model, and what it reports.

It is played on a small network for two epochs. What is judged: data (nothing is learned from
validation or test data), the order zero_grad, backward, step, the modes, what the loss is fed,
graphs that are kept, and the numbers that are given back.
"""

import ast
import inspect
import re
import sys
from collections.abc import Callable
from typing import Any

from etude.checking.build import Sizes, needed
from etude.checking.call_arguments import EPOCHS, Trainer, meanings, values
from etude.checking.report import reported, returns
from etude.checking.roles import Role
from etude.checking.source import CannotJudge, Thing
from etude.checking.subject import Subject
from etude.checking.training_events import BATCHES, KINDS, Lesson, squashed_by


def played(call: Callable[..., Any], subject: Subject) -> tuple[Lesson, list[Any]]:
    """The first kind of targets with which the function works, and what it gave back. Raises
    CannotJudge where none works."""
    found, trouble = meanings(call), None
    if missing := [name for name in needed(call) if name not in found]:
        said = f"{getattr(call, '__name__', '')}{inspect.signature(call)}"
        raise CannotJudge("check_ask", parameter=missing[0], call=said)
    times = 1 if "epochs" in found.values() else EPOCHS
    for kind in KINDS:
        lesson = Lesson(subject.thing.file, kind)
        known = values(lesson)
        try:
            out = lesson.play(call, {name: known[m] for name, m in found.items()}, times)
        except CannotJudge as error:
            trouble = trouble or error
            continue
        return lesson, out
    assert trouble
    raise trouble


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


FED = {
    ("cross_entropy", "softmax"): "softmax_before_cross_entropy",
    ("cross_entropy", "softmax_batch"): "softmax_before_cross_entropy",
    ("cross_entropy", "sigmoid"): "sigmoid_before_cross_entropy",
    ("nll_loss", ""): "nll_without_log_softmax",
    ("nll_loss", "softmax"): "nll_without_log_softmax",
    ("binary_cross_entropy_with_logits", "sigmoid"): "logits_twice",
}


@check
def fed(subject: Subject, lesson: Lesson) -> bool:
    """The loss gets what it expects. Faults: softmax_before_cross_entropy and the like."""
    for name, line, value, seen in lesson.inputs:
        how = squashed_by(value, seen.out)
        if code := FED.get((name, how)):
            where = lesson.squashed.get(how.removesuffix("_batch"), 0) or line
            subject.fault(code, where, (f"input of {name}", "as the model gives it", how or "raw"))
            return False
    return True


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
    """What it does with model and data; then what it reports; then the file's evaluation."""
    if is_evaluation(subject.thing.name):
        evaluation(subject, subject.it)
        return
    call = Trainer(subject.it) if inspect.isclass(subject.it) else subject.it
    lesson, out = played(call, subject)
    if not lesson.seen:
        raise CannotJudge("check_training_unused")
    for each in CHECKS:
        if not each(subject, lesson):
            return
    if not reported(subject, lesson, out):
        return
    if all(seen.source == "train" for seen in lesson.seen):
        module = vars(sys.modules.get(subject.it.__module__, object)) if subject.it else {}
        for name, it in module.items():
            if (
                inspect.isfunction(it)
                and is_evaluation(name)
                and it.__module__ == subject.it.__module__
            ):
                evaluation(subject, it)


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
    """A function of a model and a loader, or of an optimizer."""
    if thing.is_class or not callable(thing.it):
        return False
    found = set(meanings(thing.it).values())
    return "model" in found and "optimizer" in found and bool(found & {"train", "loaders"})


ROLE = Role(
    called=r"(\w*_)?(train|fit|training)(_?(model|loop|epoch|one_epoch|network|net|fn|func|classifier|\w+))?|(run|one)_(train\w*|epoch)",
    sizes=Sizes({}),
    judge=judge,
    fits=fits,
    kinds=("function",),
    made=False,
)
