"""Confusion: which class is taken for which; cells off the diagonal name the samples."""

from typing import Any

import numpy as np

from etude.draw.style import Ink
from etude.look.subject import Subject
from etude.look.view import Shown, View, shown

NAMED, MOST_CLASSES = 3, 20


def fits(subject: Subject) -> str:
    """Classifiers."""
    return "" if subject.task.name == "classify" else "the run tells no classes apart"


def samples_in(subject: Subject, matrix: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
    """Test samples of each cell off the diagonal, the surest first; {} without data."""
    if subject.absent:
        return {}
    _, said = subject.sureness
    wrong, true = subject.wrong, subject.data.test.y
    cells = {(int(t), int(s)) for t, s in zip(true[wrong], said[wrong])}
    return {(t, s): wrong[(true[wrong] == t) & (said[wrong] == s)] for t, s in sorted(cells)}


def cell_text(count: int, samples: np.ndarray | None, classes: int) -> str:
    """The count, and below it the first few samples' numbers where there is room for them."""
    if samples is None or classes > 12:
        return str(count)
    more = "..." if len(samples) > NAMED else ""
    return f"{count}\n" + "\n".join(f"#{i}" for i in samples[:NAMED]) + more


def draw(subject: Subject) -> list[Shown]:
    """True class down, class said across."""
    classes = subject.card.classes
    counts = np.array(subject.result["test"]["confusion"])
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    inside = samples_in(subject, counts)

    def paint(figure: Any, ink: Ink) -> None:
        axes = figure.subplots()
        axes.imshow(share, cmap=ink.heat, vmin=0, vmax=1)
        ticks = range(len(classes))
        turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        axes.set_xticks(ticks, classes, **(turned if max(map(len, classes)) > 3 else {}))
        axes.set_yticks(ticks, classes)
        axes.set(xlabel="said", ylabel="true", title="test samples")
        light_is_high = ink.heat == "cividis"
        for cell in zip(*np.nonzero(counts)) if len(classes) <= MOST_CLASSES else ():
            row, column = map(int, cell)
            text = cell_text(int(counts[cell]), inside.get((row, column)), len(classes))
            strong = share[cell] > 0.5
            color = "#111111" if strong == light_is_high else "#f4f4f4"
            size = 8 if row == column or not inside else 5.5
            axes.text(column, row, text, ha="center", va="center", color=color, fontsize=size)

    side = min(3.4 + 0.3 * len(classes), 9)
    alt = subject.say("confusion.alt", count=int(counts.sum()))
    if inside and len(classes) <= 12:
        alt += " " + subject.say("confusion.named", named=NAMED)
    title = subject.say("confusion.title")
    flat = [(t, s, int(i)) for (t, s), found in inside.items() for i in found]
    wrong = np.array(flat, np.int64).reshape(-1, 3)
    return [shown("confusion", title, alt, paint, (side + 0.6, side), counts=counts, wrong=wrong)]


VIEW = View("which class is taken for which, with the samples' numbers", fits, draw, 20)
