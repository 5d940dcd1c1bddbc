"""Learning to generate, as a film: the same noise drawn after each epoch."""

from typing import Any

import numpy as np

from etude.inspection.subject import Subject
from etude.inspection.view import Notice, Shown, View, notice, shown
from etude.render.panels import as_panels, frames, show_sheet, tile
from etude.render.style import Ink

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
    frames_ = list(subject.folder.snapshots_of("samples"))
    count = min(ROWS, len(frames_))
    moments = np.unique(np.geomspace(1, len(frames_), count).round().astype(int) - 1)
    images = np.stack([frames_[i][1]["samples"][:COLUMNS] for i in moments])  # [n m C H W]
    columns = images.shape[1]

    def paint(figure: Any, ink: Ink) -> None:
        axes = figure.subplots()
        sheet, xs, ys = tile(as_panels(images.reshape(-1, *images.shape[2:]), 255), columns)
        show_sheet(axes, sheet)
        frames(axes, ink, xs, ys, images.shape[-2:], images.shape[0] * columns)
        words = ["start" if i == 0 else f"epoch {i}" for i in moments]
        axes.set_yticks(ys, words)
        axes.tick_params(length=0)
        axes.set_xlabel("a column is one draw of noise")

    alt = subject.say("filmstrip.alt", columns=columns, rows=len(moments))
    size = (7.6, 0.35 + 0.58 * len(moments))
    title = subject.say("filmstrip.title")
    said = _notice(subject, np.stack([arrays["samples"] for _, arrays in frames_]))
    return [shown("filmstrip", title, alt, paint, size, said, samples=images, epoch=moments)]


def _notice(subject: Subject, frames_: np.ndarray) -> Notice:
    """When half of the way to the last images was gone. frames_: by epoch [1+E m C H W] bytes"""
    last = frames_[-1].astype(np.float32)
    far = np.array([np.abs(frame - last).mean() for frame in frames_])
    half = int(np.flatnonzero(far <= far[0] / 2)[0])
    left = float(far[-2] / far[0]) if len(far) > 1 and far[0] else 0.0
    return notice(subject, "filmstrip.notice", half=half, epochs=len(far) - 1, left=left)


VIEW = View("the same noise decoded after each epoch", fits, draw, 12)
