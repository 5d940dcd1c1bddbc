"""Confusion matrix; cells off the diagonal list the indices of their samples."""

import numpy as np
from matplotlib.figure import Figure

from etude.inspection.subject import Subject
from etude.inspection.view import Notice, View, ViewPicture, notice, view_picture
from etude.locale.texts import Sentence, text
from etude.render.labels import short, shorts
from etude.render.style import Ink, Style

NAMED, NAMED_CLASSES, MOST_CLASSES = 3, 12, 40
"""Sample indices per cell; largest number of classes with indices; largest number with counts."""
LEAST = 0.2
"""Smallest colour strength of a cell that is not empty, so that a single error is visible."""


def fits(subject: Subject) -> Sentence:
    """ "" for classifiers."""
    return "" if subject.task.predicts == "classes" else text("inspection.unfit.classifier")


def samples_in(subject: Subject, matrix: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
    """Test samples of each cell (true, predicted) off the diagonal, the most confident first; empty
    if the data are not available."""
    if subject.data_problem:
        return {}
    _, predicted = subject.predictions
    wrong, true = subject.mistakes, subject.data.test.y
    cells = {(int(t), int(p)) for t, p in zip(true[wrong], predicted[wrong])}
    return {(t, p): wrong[(true[wrong] == t) & (predicted[wrong] == p)] for t, p in sorted(cells)}


def cell_text(count: int, samples: np.ndarray | None, classes: int) -> str:
    """The text of a cell: the count, and below it the first few sample indices if there is room."""
    if samples is None or classes > NAMED_CLASSES:
        return str(count)
    more = "..." if len(samples) > NAMED else ""
    return f"{count}\n" + "\n".join(f"#{i}" for i in samples[:NAMED]) + more


def strength(counts: np.ndarray) -> np.ndarray:
    """Colour value of each cell [true predicted]: negative on the diagonal, positive for errors.

    Its magnitude, LEAST..1, grows with the square root of the cell's share of the true class; empty
    cells are NaN.
    """
    # The square root spreads small shares, where the errors of a good classifier are.
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    value = np.where(counts > 0, LEAST + (1 - LEAST) * np.sqrt(share), np.nan)
    return np.where(np.eye(len(counts), dtype=bool), -value, value)


def _notice(subject: Subject, counts: np.ndarray) -> Notice:
    """The most frequent confusion, in words."""
    off = counts - np.diag(counts.diagonal())
    true, predicted = np.unravel_index(off.argmax(), off.shape)
    if not off.any():
        return notice(subject, "confusion.notice.none", count=int(counts.sum()))
    names = subject.card.classes
    return notice(
        subject, "confusion.notice", true=short(names[true], 2), said=short(names[predicted], 2),
        count=int(off[true, predicted]), of=int(counts[true].sum()),
        wrong=int(off.sum()), total=int(counts.sum()),
    )  # fmt: skip


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: the confusion matrix, true classes as rows, predicted classes as columns."""
    classes = subject.card.classes
    counts = np.array(subject.result.test.confusion)
    colour = strength(counts)
    inside = samples_in(subject, counts)
    side = min(3.4 + 0.3 * len(classes), 9)
    letters = min(9.0, 72 * 0.75 * side / len(classes))  # points: at most 3/4 of a row's height

    def paint(figure: Figure, ink: Ink) -> None:
        axes = figure.subplots()
        axes.imshow(colour, cmap=ink.signed, vmin=-1, vmax=1, interpolation="nearest")
        names, ticks = shorts(classes, 1.3, letters), range(len(classes))
        turned: Style = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        turn = turned if max(map(len, names)) > 3 else {}
        axes.set_xticks(ticks, names, fontsize=letters, **turn)
        axes.set_yticks(ticks, names, fontsize=letters)
        # imshow puts the centre of cell i at i, so lines at halves run between the cells.
        axes.set_xticks(np.arange(len(classes) + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(len(classes) + 1) - 0.5, minor=True)
        axes.grid(which="minor", color=ink.faint, linewidth=0.5)
        axes.tick_params(which="both", length=0)
        axes.set(xlabel=ink.say("confusion.predicted"), ylabel=ink.say("confusion.true"))
        for cell in zip(*np.nonzero(counts)) if len(classes) <= MOST_CLASSES else ():
            row, column = map(int, cell)
            label = cell_text(int(counts[cell]), inside.get((row, column)), len(classes))
            size = min(8.5 if row == column or not inside else 6.0, 1.1 * letters)
            # A colour map takes 0..1. imshow maps -1..1 to this range in the same way.
            color = _readable(ink.signed((float(colour[cell]) + 1) / 2))
            axes.text(column, row, label, ha="center", va="center", color=color, fontsize=size)

    alt = subject.say("confusion.alt", count=int(counts.sum()))
    if inside and len(classes) <= NAMED_CLASSES:
        alt += " " + subject.say("confusion.named", named=NAMED)
    if len(classes) > MOST_CLASSES:
        alt += " " + subject.say("confusion.many", classes=len(classes))
    note = _notice(subject, counts)
    flat = [(t, p, int(i)) for (t, p), samples in inside.items() for i in samples]
    arrays = {"counts": counts, "wrong": np.array(flat, np.int64).reshape(-1, 3)}
    return [view_picture(subject, "confusion", alt, paint, (side + 0.6, side), note, **arrays)]


def _readable(ground: tuple[float, ...]) -> str:
    """Black or white, whichever has more contrast with a background colour in 0..1."""
    # Relative luminance of WCAG 2; contrast with black and white is equal at about 0.18.
    linear = [((c + 0.055) / 1.055) ** 2.4 for c in ground[:3]]
    light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#111111" if light > 0.18 else "#ffffff"


VIEW = View(text("confusion.summary"), fits, draw, 20)
