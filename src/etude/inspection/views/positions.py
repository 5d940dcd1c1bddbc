"""Cosine similarity of the position embeddings that a Vision Transformer learned.

Source: A. Dosovitskiy et al., "An Image Is Worth 16x16 Words", 2021, figure 7 (centre).

positions [P D], without the class token's -> cosine similarity [P P]
"""

import numpy as np
from matplotlib.figure import Figure

from etude.inspection.subject import Subject
from etude.inspection.view import View, ViewPicture, notice, view_picture
from etude.inspection.views.class_token import grid_of
from etude.locale.texts import Sentence, text
from etude.models.vit import ViT
from etude.render.panels import frames, show_sheet, tile
from etude.render.style import Ink

MOST = 8
"""Largest number of positions per side of the picture, evenly spread."""


def fits(subject: Subject) -> Sentence:
    """ "" for Vision Transformers."""
    learned = isinstance(subject.model, ViT)
    return "" if learned else text("inspection.unfit.vit")


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: a map per position, at its place, of its similarity to all positions."""
    model, (down, across) = subject.model, grid_of(subject)
    assert isinstance(model, ViT)  # `fits` checked this
    learned = model.pos_embed.detach().numpy()[0, 1:]  # without the class token
    unit = learned / np.linalg.norm(learned, axis=1, keepdims=True)
    alike = unit @ unit.T
    rows, columns = (
        np.unique(np.linspace(0, n - 1, min(n, MOST)).round().astype(int)) for n in (down, across)
    )
    chosen = (rows[:, None] * across + columns).ravel()

    def paint(figure: Figure, ink: Ink) -> None:
        axes = figure.subplots()
        sheet, xs, ys = tile(alike[chosen].reshape(-1, down, across), len(columns))
        # The whole range of a cosine, so that pictures of two runs have the same scale.
        image = show_sheet(axes, sheet, cmap=ink.signed, vmin=-1, vmax=1)
        frames(axes, ink, xs, ys, (down, across), len(chosen))
        axes.set_xticks(xs, columns + 1)
        axes.set_yticks(ys, rows + 1)
        axes.tick_params(length=0)
        axes.set(xlabel=ink.say("positions.column"), ylabel=ink.say("positions.row"))
        figure.colorbar(image, ax=axes, label=ink.say("positions.similarity"))

    alt = subject.say("positions.alt", count=len(learned))
    near = _neighbours(down, across)
    others = ~near & ~np.eye(len(alike), dtype=bool)
    note = notice(
        subject, "positions.notice", near=float(alike[near].mean()) if near.any() else 0.0,
        others=float(alike[others].mean()) if others.any() else 0.0,
    )  # fmt: skip
    return [view_picture(subject, "positions", alt, paint, (5.4, 4.4), note, similarity=alike)]


def _neighbours(down: int, across: int) -> np.ndarray:
    """Whether two patches share a side [P P]."""
    rows, columns = np.divmod(np.arange(down * across), across)
    apart = np.abs(rows[:, None] - rows) + np.abs(columns[:, None] - columns)
    return np.asarray(apart == 1)


VIEW = View(text("positions.summary"), fits, draw, 45)
