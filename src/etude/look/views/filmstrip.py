"""Learning to generate, as a film: the same noise drawn after each epoch."""

from typing import Any

import numpy as np

from etude.draw.panels import as_panels, show_sheet, tile
from etude.draw.style import Ink
from etude.look.subject import Subject
from etude.look.view import Shown, View, shown

ROWS, COLUMNS = 10, 12


def fits(subject: Subject) -> str:
    """What makes images."""
    if subject.task.name != "autoencode":
        return "the run makes no images"
    if not any(True for _ in subject.folder.snapshots_of("samples")):
        return "no moments of training were kept"
    return ""


def draw(subject: Subject) -> list[Shown]:
    """A row a moment, a column a noise."""
    frames = list(subject.folder.snapshots_of("samples"))
    count = min(ROWS, len(frames))
    moments = np.unique(np.geomspace(1, len(frames), count).round().astype(int) - 1)
    images = np.stack([frames[i][1]["samples"][:COLUMNS] for i in moments])  # [n m C H W]
    columns = images.shape[1]

    def paint(figure: Any, ink: Ink) -> None:
        axes = figure.subplots()
        sheet, _, ys = tile(as_panels(images.reshape(-1, *images.shape[2:]), 255), columns)
        show_sheet(axes, sheet)
        words = ["start" if i == 0 else f"epoch {i}" for i in moments]
        axes.set_yticks(ys, words)
        axes.tick_params(length=0)
        axes.set_xlabel("a column is one draw of noise")

    alt = subject.say("filmstrip.alt", columns=columns, rows=len(moments))
    size = (7.6, 0.6 + 0.58 * len(moments))
    title = subject.say("filmstrip.title")
    return [shown("filmstrip", title, alt, paint, size, samples=images, epoch=moments)]


VIEW = View("the same noise decoded after each epoch", fits, draw, 12)
