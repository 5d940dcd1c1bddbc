"""How training went: raw lines, training and validation apart."""

from collections.abc import Mapping, Sequence
from typing import Any

from etude.draw.style import Ink, Picture, line, picture

Rows = Sequence[Mapping[str, Any]]


def learning(rows: Rows, goal: str) -> Picture:
    """Losses of each phase in training, and the goal in validation, by epoch."""
    epochs = [row["epoch"] for row in rows]
    phases = list(rows[0]["train"])

    def paint(figure: Any, ink: Ink) -> None:
        left, right = figure.subplots(1, 2)
        for i, phase in enumerate(phases):
            values = [row["train"][phase]["loss"] for row in rows]
            left.plot(epochs, values, label=f"training: {phase}", **line(ink, i))
        if "loss" in rows[0]["val"]:
            values = [row["val"]["loss"] for row in rows]
            left.plot(epochs, values, label="validation", **line(ink, len(phases)))
        left.set(xlabel="epoch", ylabel="loss", title="loss")
        left.set_yscale("log")
        left.legend()
        right.plot(epochs, [row["val"][goal] for row in rows], **line(ink, 0))
        right.set(xlabel="epoch", ylabel=goal, title=f"validation {goal}")
        whole_epochs(left, right)

    return picture("curves", "How it learned", f"Loss and {goal} by epoch.", paint, (7.6, 3.0))


def whole_epochs(*panels: Any) -> None:
    """Ticks at whole numbers only, across."""
    from matplotlib.ticker import MaxNLocator

    for axes in panels:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def overlaid(members: Mapping[str, Rows], goal: str, warning: str) -> Picture:
    """Validation goal and training loss of several runs by epoch; `warning` stands on it."""

    def paint(figure: Any, ink: Ink) -> None:
        left, right = figure.subplots(1, 2)
        for i, (name, rows) in enumerate(members.items()):
            epochs = [row["epoch"] for row in rows]
            phase = next(iter(rows[0]["train"]))
            losses = [row["train"][phase]["loss"] for row in rows]
            left.plot(epochs, losses, label=name, **line(ink, i))
            right.plot(epochs, [row["val"][goal] for row in rows], label=name, **line(ink, i))
        left.set(xlabel="epoch", ylabel="training loss", title="training loss")
        left.set_yscale("log")
        right.set(xlabel="epoch", ylabel=goal, title=f"validation {goal}")
        right.legend()
        whole_epochs(left, right)
        if warning:
            figure.supxlabel(warning, fontsize=8)

    alt = f"Training loss and validation {goal} by epoch for {', '.join(members)}."
    return picture("curves", "Side by side", alt, paint, (7.6, 3.2))
