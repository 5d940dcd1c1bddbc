"""Learning curves by epoch, not smoothed: losses on the left, the validation goal on the right."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from etude.inspection.subject import Subject
from etude.inspection.view import Notice, View, ViewPicture, notice, view_picture
from etude.locale.texts import label_of, text
from etude.render.labels import wrapped
from etude.render.style import Ink, dotted, legend
from etude.render.ticks import log_scale, whole
from etude.stats import metric_of

VALIDATION = "validation"
"""The name of the validation loss among the losses of the phases."""


def _label(ink: Ink, name: str) -> str:
    """The label of the loss of a phase, or of the validation loss."""
    if name == VALIDATION:
        return ink.say("curves.validation")
    return ink.say("curves.training", phase=label_of(ink.lang, "phase", name))


def _notice(subject: Subject, losses: dict[str, list[float]], values: list[float]) -> Notice:
    """The fall of the first training loss, and the epoch with the best goal."""
    goal, first = subject.result.goal, next(iter(losses))
    best = int(np.argmin(values) if metric_of(goal).lower_is_better else np.argmax(values))
    key = "curves.notice.share" if metric_of(goal).share else "curves.notice"
    unit = subject.result.test.unit
    return notice(
        subject, key, phase=label_of(subject.lang, "phase", first), start=losses[first][0],
        end=losses[first][-1], goal=goal, best=values[best], unit=f" {unit}" if unit else "",
        epoch=best + 1, epochs=len(values), last=values[-1],
    )  # fmt: skip


def at_most_one(axes: Axes) -> None:
    """End the axis of a fraction just above 1, without a tick there: a line at 1 stays visible."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, min(high, 1 + 0.03 * (1 - low)))
    axes.set_yticks([tick for tick in axes.get_yticks() if low <= tick <= 1])


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: the losses of all phases and the validation loss; the validation goal."""
    rows, goal = subject.history, subject.result.goal
    epochs: list[float] = [row.epoch for row in rows]
    losses = {phase: [row.train[phase].loss for row in rows] for phase in rows[0].train}
    if "loss" in rows[0].val:
        losses[VALIDATION] = [row.val["loss"] for row in rows]
    values = [row.val[goal] for row in rows]
    unit = subject.result.test.unit

    def paint(figure: Figure, ink: Ink) -> None:
        left, right = figure.subplots(1, 2)
        for i, (name, loss) in enumerate(losses.items()):
            left.plot(epochs, loss, label=_label(ink, name), **dotted(ink, i, len(epochs)))
        left.set(xlabel=ink.say("axis.epoch"), ylabel=ink.say("axis.loss"))
        # A loss can reach exactly 0, which has no logarithm.
        if min(map(min, losses.values())) > 0:
            log_scale(left.yaxis)
        legend(left, 1 if len(losses) > 2 else 2)
        # The axis names the goal, and has no room for a long legend.
        label = ink.say("curves.validation")
        right.plot(epochs, values, label=label, **dotted(ink, 0, len(epochs)))
        best = subject.result.best_epoch
        if best:  # 0 if no epoch was selected by validation
            mark = {"marker": "o", "markersize": 7, "linestyle": "none", "fillstyle": "none"}
            mark |= {"color": ink.lines[1], "markeredgewidth": 1.8}
            right.plot(best, values[best - 1], label=ink.say("curves.selected"), **mark)
        legend(right, 2)
        name = f"{ink.metric(goal)}, {unit}" if unit else ink.metric(goal)
        right.set(xlabel=ink.say("axis.epoch"), ylabel=wrapped(name, 2.2, 9))
        if metric_of(goal).share:
            at_most_one(right)
        whole(left.xaxis)
        whole(right.xaxis)

    alt = subject.say("curves.alt", goal=goal, epochs=len(rows))
    arrays: dict[str, list[float]] = {**losses, "epoch": epochs, goal: values}
    note = _notice(subject, losses, values)
    return [view_picture(subject, "curves", alt, paint, (7.6, 3.0), note, **arrays)]


VIEW = View(text("curves.summary"), lambda subject: "", draw, 10)
