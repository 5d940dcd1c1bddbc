"""Training samples as they are in the data: a few of each class, images or sequences."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from etude.data.card import Card
from etude.data.dataset import Split
from etude.locale.texts import Lang, say
from etude.render.labels import short
from etude.render.panels import as_panels, bare, framed
from etude.render.style import Ink, Picture, line, picture

CLASSES, EACH = 10, 8
"""Classes that are shown, and samples of each."""
FEATURES = 6
LETTERS = 8.0


def draw(card: Card, train: Split, lang: Lang) -> Picture | None:
    """A row of samples for each class, or one row if there are none; None for vectors."""
    if card.kind == "vector":
        return None
    rows = _rows(card, train)

    def paint(figure: Figure, ink: Ink) -> None:
        panels = figure.subplots(len(rows), EACH, squeeze=False)
        for axes_row, (label, indices) in zip(panels, rows, strict=True):
            for place, axes in enumerate(axes_row):
                if place >= len(indices):
                    axes.set_axis_off()
                elif card.kind == "image":
                    _image(axes, card, train, int(indices[place]))
                else:
                    _sequence(axes, ink, train, int(indices[place]))
            axes_row[0].set_title(short(label, 2.4, LETTERS), fontsize=LETTERS, loc="left")

    title = say(lang, "survey.picture", name=card.name)
    alt = say(lang, "survey.picture.alt", name=card.name, rows=len(rows))
    return picture("data", title, alt, paint, (7.6, 0.4 + 1.05 * len(rows)), lang)


def _rows(card: Card, train: Split) -> list[tuple[str, np.ndarray]]:
    """(class, indices of its first samples) of the first classes; one row without a name for
    values."""
    if card.target != "class":
        return [("", np.linspace(0, len(train) - 1, min(EACH, len(train))).astype(int))]
    return [
        (name, np.flatnonzero(train.y == number)[:EACH])
        for number, name in enumerate(card.classes[:CLASSES])
    ]


def _image(axes: Axes, card: Card, train: Split, index: int) -> None:
    panel = as_panels(np.asarray(train.x[index : index + 1]), card.top)[0]
    axes.imshow(panel, cmap="gray" if panel.ndim == 2 else None, vmin=0, vmax=1)
    bare(axes)


def _sequence(axes: Axes, ink: Ink, train: Split, index: int) -> None:
    steps = np.asarray(train.x[index : index + 1])[0]
    if train.lengths is not None:
        steps = steps[: int(train.lengths[index])]
    for feature in range(min(steps.shape[1], FEATURES)):
        axes.plot(steps[:, feature], **{**line(ink, feature), "linewidth": 1})
    framed(axes, ink)
