"""Learning curves: raw lines by epoch, training and validation apart."""

from typing import Any

from etude.draw.style import Ink, line, log_scale
from etude.look.subject import Subject
from etude.look.view import Shown, View, shown


def draw(subject: Subject) -> list[Shown]:
    """Losses of each phase in training, and the goal in validation."""
    rows, goal = subject.history, subject.result["goal"]
    epochs = [row["epoch"] for row in rows]
    losses = {
        f"training: {phase}": [row["train"][phase]["loss"] for row in rows]
        for phase in rows[0]["train"]
    }
    if "loss" in rows[0]["val"]:
        losses["validation"] = [row["val"]["loss"] for row in rows]
    values = [row["val"][goal] for row in rows]

    def paint(figure: Any, ink: Ink) -> None:
        left, right = figure.subplots(1, 2)
        for i, (name, loss) in enumerate(losses.items()):
            left.plot(epochs, loss, label=name, **line(ink, i))
        left.set(xlabel="epoch", ylabel="loss", title="loss")
        log_scale(left.yaxis)
        left.legend()
        right.plot(epochs, values, **line(ink, 0))
        best = subject.result["best_epoch"]
        if best:
            right.plot(best, values[best - 1], "o", color=ink.lines[1], label="weights kept")
            right.legend()
        right.set(xlabel="epoch", ylabel=goal, title=f"validation {goal}")

    alt = subject.say("curves.alt", goal=goal, epochs=len(rows))
    arrays: dict[str, list[float]] = {
        name.removeprefix("training: "): loss for name, loss in losses.items()
    }
    arrays |= {"epoch": epochs, goal: values}
    return [shown("curves", subject.say("curves.title"), alt, paint, (7.6, 3.0), **arrays)]


VIEW = View("loss and goal by epoch, training and validation apart", lambda subject: "", draw, 10)
