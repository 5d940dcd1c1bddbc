"""Images generated during training, always from the same noise."""

import numpy as np
from matplotlib.figure import Figure

from etude.inspection.subject import Subject
from etude.inspection.view import Notice, View, ViewPicture, notice, view_picture
from etude.locale.texts import Sentence, text
from etude.render.panels import as_panels, frames, show_sheet, tile
from etude.render.style import Ink
from etude.tasks.protocol import Generator

ROWS, COLUMNS = 10, 12


def fits(subject: Subject) -> Sentence:
    """ "" for generators of images with snapshots of training."""
    if not isinstance(subject.task, Generator):
        return text("inspection.unfit.images")
    if not any(True for _ in subject.folder.snapshots_of("samples")):
        return text("inspection.unfit.snapshots")
    return ""


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: one row per epoch shown, one column per noise vector."""
    frames_ = list(subject.folder.snapshots_of("samples"))
    count = min(ROWS, len(frames_))
    # Geometric spacing, because images change most in the first epochs. Snapshot 0 is before
    # training, so geomspace starts at 1 and one is subtracted.
    moments = np.unique(np.geomspace(1, len(frames_), count).round().astype(int) - 1)
    images = np.stack([frames_[i][1]["samples"][:COLUMNS] for i in moments])  # [n m C H W]
    columns = images.shape[1]

    def paint(figure: Figure, ink: Ink) -> None:
        axes = figure.subplots()
        sheet, xs, ys = tile(as_panels(images.reshape(-1, *images.shape[2:]), 255), columns)
        show_sheet(axes, sheet)
        frames(axes, ink, xs, ys, images.shape[-2:], images.shape[0] * columns)
        words = [ink.say("filmstrip.epoch" if i else "filmstrip.start", epoch=i) for i in moments]
        axes.set_yticks(ys, words)
        axes.tick_params(length=0)
        axes.set_xlabel(ink.say("filmstrip.columns"))

    alt = subject.say("filmstrip.alt", columns=columns, rows=len(moments))
    size = (7.6, 0.35 + 0.58 * len(moments))
    note = _notice(subject, np.stack([arrays["samples"] for _, arrays in frames_]))
    arrays = {"samples": images, "epoch": moments}
    return [view_picture(subject, "filmstrip", alt, paint, size, note, **arrays)]


def _notice(subject: Subject, frames_: np.ndarray) -> Notice:
    """The epoch at which the images have come half of the way to the last ones.

    frames_: images by epoch [1+E m C H W] uint8.
    """
    last = frames_[-1].astype(np.float32)  # uint8 differences would wrap around
    far = np.array([np.abs(frame - last).mean() for frame in frames_])
    # There is always such an epoch: the last images have a distance of 0 to themselves.
    half = int(np.flatnonzero(far <= far[0] / 2)[0])
    left = float(far[-2] / far[0]) if len(far) > 1 and far[0] else 0.0
    return notice(subject, "filmstrip.notice", half=half, epochs=len(far) - 1, left=left)


VIEW = View(text("filmstrip.summary"), fits, draw, 12)
