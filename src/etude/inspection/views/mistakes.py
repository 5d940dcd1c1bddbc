"""The most confident mistakes and the most confident correct predictions."""

import numpy as np
from matplotlib.figure import Figure

from etude.inspection.subject import Subject
from etude.inspection.view import View, ViewPicture, notice, view_picture
from etude.locale.texts import Sentence, text
from etude.render.labels import short
from etude.render.panels import as_panels, framed, frames, show_sheet, tile
from etude.render.style import Ink, line

SHOWN, COLUMNS = 12, 6
WIDTH, LETTERS = 7.6, 7.5
"""Width of the picture in inches, and font size of its texts in points."""


def fits(subject: Subject) -> Sentence:
    """ "" for classifiers of images or sequences, with available data."""
    if subject.task.predicts != "classes":
        return text("inspection.unfit.classifier")
    if subject.card.kind == "vector":
        return text("inspection.unfit.vectors")
    return subject.data_problem


def words(ink: Ink, subject: Subject, index: int, width: float) -> str:
    """Index, probability, predicted and true class of a test sample, in lines of `width` inches."""
    probability, predicted = subject.predictions
    classes, true = subject.card.classes, int(subject.data.test.y[index])
    sure = ink.say("mistakes.sure", index=index, probability=probability[index])
    lines = [sure, classes[predicted[index]]]
    if predicted[index] != true:
        lines.append(ink.say("class.true", label=classes[true]))
    return "\n".join(short(line, width, LETTERS) for line in lines)


def paint_samples(figure: Figure, ink: Ink, subject: Subject, chosen: np.ndarray) -> None:
    """Draw test samples with their predictions: images on one sheet, sequences each in its axes."""
    raw = np.asarray(subject.data.test.x[chosen])
    titles = [words(ink, subject, int(i), 0.9 * WIDTH / COLUMNS) for i in chosen]
    if subject.card.kind == "image":
        _paint_images(figure, ink, as_panels(raw, subject.card.top), titles)
        return
    lengths = subject.data.test.lengths
    for index, axes in enumerate(figure.subplots(-(-len(chosen) // COLUMNS), COLUMNS).ravel()):
        if index >= len(chosen):
            axes.set_axis_off()
            continue
        steps = len(raw[index]) if lengths is None else int(lengths[chosen[index]])
        for q in range(min(raw.shape[2], 12)):
            axes.plot(raw[index, :steps, q], **{**line(ink, q), "linewidth": 1})
        framed(axes, ink)
        axes.set_title(titles[index], fontsize=LETTERS, loc="center")


def _paint_images(figure: Figure, ink: Ink, panels: np.ndarray, titles: list[str]) -> None:
    axes = figure.subplots()
    height, width = panels.shape[1:3]
    # Space above each image for three lines of text, converted from points to pixels of a panel
    # that is WIDTH / COLUMNS inches wide.
    room = round(1.5 * LETTERS / 72 * 3 / (WIDTH / COLUMNS) * width)
    panels = np.pad(
        panels, ((0, 0), (room, 0), *((0, 0),) * (panels.ndim - 2)), constant_values=np.nan
    )
    sheet, xs, ys = tile(panels, COLUMNS)
    show_sheet(axes, sheet)
    middles = [y + room / 2 for y in ys]
    frames(axes, ink, xs, middles, (height, width), len(titles))
    for index, title in enumerate(titles):
        x, y = xs[index % COLUMNS], middles[index // COLUMNS] - height / 2 - 0.03 * width
        axes.text(x, y, title, ha="center", va="bottom", fontsize=LETTERS)


def draw(subject: Subject) -> list[ViewPicture]:
    """Two pictures: mistakes, if there are any, and correct predictions."""
    sure, predicted = subject.predictions
    right = np.flatnonzero(predicted == subject.data.test.y)
    # Stable, as in Subject.mistakes: equal confidences keep the order of the split.
    surest = right[np.argsort(-sure[right], kind="stable")][:SHOWN]
    total, wrong = len(predicted), subject.mistakes
    pictures = []
    for name, chosen, count in (
        ("mistakes", wrong[:SHOWN], len(wrong)),
        ("surest", surest, len(right)),
    ):
        if not len(chosen):
            continue
        rows = -(-len(chosen) // COLUMNS)

        # `chosen` is a default argument, because a closure would see its value of the last round.
        def paint(figure: Figure, ink: Ink, chosen: np.ndarray = chosen) -> None:
            paint_samples(figure, ink, subject, chosen)

        alt = subject.say(f"{name}.alt", shown=len(chosen), count=count, total=total)
        arrays = {"samples": chosen, "probability": sure[chosen], "said": predicted[chosen]}
        size = (WIDTH, 0.2 + 1.8 * rows)
        note = notice(
            subject, f"{name}.notice", count=count, share=count / total,
            sure=float(sure[chosen[0]]), median=float(np.median(sure[chosen])), shown=len(chosen),
        )  # fmt: skip
        pictures.append(view_picture(subject, name, alt, paint, size, note, **arrays))
    return pictures


VIEW = View(text("mistakes.summary"), fits, draw, 22)
