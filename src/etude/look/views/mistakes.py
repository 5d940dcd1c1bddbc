"""The surest mistakes, and the surest right answers, as pictures."""

from typing import Any

import numpy as np

from etude.draw.panels import as_panels, bare, show_sheet, tile
from etude.draw.style import Ink, line
from etude.look.subject import Subject
from etude.look.view import Shown, View, shown

SHOWN, COLUMNS = 12, 6


def fits(subject: Subject) -> str:
    """Classifiers of pictures and sequences."""
    if subject.task.name != "classify":
        return "the run tells no classes apart"
    if subject.card.kind == "vector":
        return "vectors are no pictures"
    return subject.absent


def words(subject: Subject, index: int) -> str:
    """What was said of a test sample, how surely, and what it is."""
    sure, said = subject.sureness
    classes, true = subject.card.classes, int(subject.data.test.y[index])
    text = f"#{index}: {classes[said[index]]} ({sure[index]:.0%})"
    return text if said[index] == true else f"{text}\ntrue: {classes[true]}"


def paint_samples(figure: Any, ink: Ink, subject: Subject, chosen: np.ndarray) -> None:
    """Test samples with what was said of them: images on one sheet, sequences each in its axes."""
    raw = np.asarray(subject.data.test.x[chosen])
    titles = [words(subject, int(i)) for i in chosen]
    if subject.card.kind == "image":
        axes = figure.subplots()
        panels = as_panels(raw, subject.card.top)
        room = round(0.45 * panels.shape[1])  # for the words above each
        panels = np.pad(
            panels, ((0, 0), (room, 0), *((0, 0),) * (panels.ndim - 2)), constant_values=np.nan
        )
        sheet, xs, ys = tile(panels, COLUMNS)
        show_sheet(axes, sheet)
        for index, text in enumerate(titles):
            y = ys[index // COLUMNS] - panels.shape[1] / 2 + room - 0.5
            axes.text(xs[index % COLUMNS], y, text, ha="center", va="bottom", fontsize=8)
        return
    lengths = subject.data.test.lengths
    for index, axes in enumerate(figure.subplots(2, COLUMNS).ravel()):
        bare(axes)
        if index < len(chosen):
            steps = len(raw[index]) if lengths is None else int(lengths[chosen[index]])
            for q in range(min(raw.shape[2], 12)):
                axes.plot(raw[index, :steps, q], **{**line(ink, q), "linewidth": 1})
            axes.set_title(titles[index], fontsize=7, loc="center")


def draw(subject: Subject) -> list[Shown]:
    """Two pictures; the first only where there are mistakes."""
    sure, said = subject.sureness
    right = np.flatnonzero(said == subject.data.test.y)
    surest = right[np.argsort(-sure[right], kind="stable")][:SHOWN]
    total, wrong = len(said), subject.wrong
    found = []
    for name, chosen, count in (
        ("mistakes", wrong[:SHOWN], len(wrong)),
        ("surest", surest, len(right)),
    ):
        if not len(chosen):
            continue
        rows = -(-len(chosen) // COLUMNS)

        def paint(figure: Any, ink: Ink, chosen: np.ndarray = chosen) -> None:
            paint_samples(figure, ink, subject, chosen)

        alt = subject.say(f"{name}.alt", shown=len(chosen), count=count, total=total)
        arrays = {"samples": chosen, "probability": sure[chosen], "said": said[chosen]}
        size = (7.6, 0.3 + 1.75 * rows)
        found.append(shown(name, subject.say(f"{name}.title"), alt, paint, size, **arrays))
    return found


VIEW = View("the surest mistakes and the surest right answers", fits, draw, 22)
