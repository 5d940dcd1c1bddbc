"""Confusion: which class is taken for which; cells off the diagonal name the samples."""

from typing import Any

import numpy as np

from etude.inspection.subject import Subject
from etude.inspection.view import Notice, Shown, View, notice, shown
from etude.render.labels import short, shorts
from etude.render.style import Ink

NAMED, NAMED_CLASSES, MOST_CLASSES = 3, 12, 40
"""Samples named in a cell; classes up to which they are; classes up to which cells have counts."""
LEAST = 0.2
"""Of the scale: where the colour of a single sample begins, so that one error can be seen."""


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
    if samples is None or classes > NAMED_CLASSES:
        return str(count)
    more = "..." if len(samples) > NAMED else ""
    return f"{count}\n" + "\n".join(f"#{i}" for i in samples[:NAMED]) + more


def strength(counts: np.ndarray) -> np.ndarray:
    """Colour of each cell [true said] in LEAST..1: by the square root of its share of the true
    class, right answers below 0 and errors above; NaN where there is no sample."""
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    found = np.where(counts > 0, LEAST + (1 - LEAST) * np.sqrt(share), np.nan)
    return np.where(np.eye(len(counts), dtype=bool), -found, found)


def commonest(subject: Subject, counts: np.ndarray) -> Notice:
    """The cell off the diagonal with most samples, in words."""
    off = counts - np.diag(counts.diagonal())
    true, said = np.unravel_index(off.argmax(), off.shape)
    if not off.any():
        return notice(subject, "confusion.notice.none", count=int(counts.sum()))
    names = subject.card.classes
    return notice(
        subject, "confusion.notice", true=short(names[true], 2), said=short(names[said], 2),
        count=int(off[true, said]), of=int(counts[true].sum()),
        wrong=int(off.sum()), total=int(counts.sum()),
    )  # fmt: skip


def draw(subject: Subject) -> list[Shown]:
    """True class down, class said across."""
    classes = subject.card.classes
    counts = np.array(subject.result["test"]["confusion"])
    colour = strength(counts)
    inside = samples_in(subject, counts)
    side = min(3.4 + 0.3 * len(classes), 9)
    letters = min(9.0, 72 * 0.75 * side / len(classes))  # points: a name has a row's height

    def paint(figure: Any, ink: Ink) -> None:
        axes = figure.subplots()
        axes.imshow(colour, cmap=ink.signed, vmin=-1, vmax=1, interpolation="nearest")
        names, ticks = shorts(classes, 1.3, letters), range(len(classes))
        turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        turn = turned if max(map(len, names)) > 3 else {}
        axes.set_xticks(ticks, names, fontsize=letters, **turn)
        axes.set_yticks(ticks, names, fontsize=letters)
        axes.set_xticks(np.arange(len(classes) + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(len(classes) + 1) - 0.5, minor=True)
        axes.grid(which="minor", color=ink.faint, linewidth=0.5)
        axes.tick_params(which="both", length=0)
        axes.set(xlabel="class said", ylabel="true class")
        for cell in zip(*np.nonzero(counts)) if len(classes) <= MOST_CLASSES else ():
            row, column = map(int, cell)
            text = cell_text(int(counts[cell]), inside.get((row, column)), len(classes))
            size = min(8.5 if row == column or not inside else 6.0, 1.1 * letters)
            color = _readable(ink.signed((float(colour[cell]) + 1) / 2))
            axes.text(column, row, text, ha="center", va="center", color=color, fontsize=size)

    alt = subject.say("confusion.alt", count=int(counts.sum()))
    if inside and len(classes) <= NAMED_CLASSES:
        alt += " " + subject.say("confusion.named", named=NAMED)
    if len(classes) > MOST_CLASSES:
        alt += " " + subject.say("confusion.many", classes=len(classes))
    title, said = subject.say("confusion.title"), commonest(subject, counts)
    flat = [(t, s, int(i)) for (t, s), found in inside.items() for i in found]
    arrays = {"counts": counts, "wrong": np.array(flat, np.int64).reshape(-1, 3)}
    return [shown("confusion", title, alt, paint, (side + 0.6, side), said, **arrays)]


def _readable(ground: tuple[float, ...]) -> str:
    """Black or white, whichever stands out more from a colour in 0..1."""
    linear = [((c + 0.055) / 1.055) ** 2.4 for c in ground[:3]]
    light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#111111" if light > 0.18 else "#ffffff"


VIEW = View("which class is taken for which, with the samples' numbers", fits, draw, 20)
