"""Reconstructions: test images, each above its reconstruction."""

import numpy as np
import torch
from matplotlib.figure import Figure

from etude.inspection.subject import Subject
from etude.inspection.view import View, ViewPicture, notice, view_picture
from etude.locale.texts import Sentence, text
from etude.render.panels import as_panels, frames, show_sheet, tile
from etude.render.style import Ink
from etude.tasks.protocol import as_bytes

COUNT = 12


def fits(subject: Subject) -> Sentence:
    """ "" for autoencoders with available data."""
    return subject.data_problem if subject.has_codes else text("inspection.unfit.autoencoder")


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: COUNT images spread over the test split; a requested sample comes first."""
    model = subject.autoencoder
    x = subject.test.take(subject.spread(COUNT)).x
    if subject.request is not None:
        x = torch.cat((subject.sample.batch.x, x[1:]))
    with torch.no_grad():
        # embed and decode, not forward: forward may add noise to the codes.
        again = model.decode(model.embed(x)).float()
    error = (again - x).square().flatten(1).mean(1).numpy()
    pair = np.concatenate((as_bytes(x), as_bytes(again)))

    def paint(figure: Figure, ink: Ink) -> None:
        axes = figure.subplots()
        sheet, xs, ys = tile(as_panels(pair, 255), len(x))
        show_sheet(axes, sheet)
        frames(axes, ink, xs, ys, pair.shape[-2:], len(pair))
        names = (ink.say("reconstructions.original"), ink.say("reconstructions.decoded"))
        axes.set_yticks(ys, names)
        axes.set_xticks(xs, [f"{e:.3f}" for e in error])
        axes.tick_params(length=0, labelsize=8)
        axes.set_xlabel(ink.say("reconstructions.error"))

    alt = subject.say("reconstructions.alt", count=len(x), error=float(error.mean()))
    arrays = {"originals": pair[: len(x)], "decoded": pair[len(x) :], "error": error}
    worst = int(error.argmax())
    note = notice(
        subject, "reconstructions.notice", place=worst + 1, worst=float(error[worst]),
        mean=float(error.mean()), times=float(error[worst] / max(float(error.mean()), 1e-12)),
    )  # fmt: skip
    return [view_picture(subject, "reconstructions", alt, paint, (7.6, 1.75), note, **arrays)]


VIEW = View(text("reconstructions.summary"), fits, draw, 14)
