"""First-layer weights as images: the input pattern that each unit responds to."""

import numpy as np
from matplotlib.figure import Figure
from torch import nn

from etude.inspection.subject import Subject
from etude.inspection.view import View, ViewPicture, notice, view_picture
from etude.locale.texts import Sentence, text
from etude.render.panels import frames, show_sheet, tile
from etude.render.style import Ink

SHOWN, COLUMNS = 32, 8


def first(subject: Subject) -> nn.Linear | None:
    """The first Linear module if it reads a whole image; else None."""
    for module in subject.model.modules():
        if isinstance(module, nn.Linear):
            return module if module.in_features == subject.card.spec.size else None
    return None


def fits(subject: Subject) -> Sentence:
    """ "" for networks whose first layer reads a whole image."""
    flat = subject.card.view == "vector" or subject.has_codes
    whole = flat and subject.card.kind == "image" and first(subject) is not None
    return "" if whole else text("inspection.unfit.first_layer")


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: the units of largest norm, on one scale; the channels of an image are summed."""
    layer = first(subject)
    assert layer is not None  # `fits` checked this
    weights = layer.weight.detach().numpy().reshape(-1, *subject.card.shape)
    norm = np.linalg.norm(weights.reshape(len(weights), -1), axis=1)
    chosen = np.argsort(-norm, kind="stable")[:SHOWN]
    # The sum is the response to a pattern that all channels share.
    panels = weights[chosen].sum(1)
    # The 99.9th percentile: a single large weight would make all others pale.
    top = float(np.quantile(np.abs(panels), 0.999))

    def paint(figure: Figure, ink: Ink) -> None:
        axes = figure.subplots()
        sheet, xs, ys = tile(panels, COLUMNS)
        image = show_sheet(axes, sheet, cmap=ink.signed, vmin=-top, vmax=top)
        frames(axes, ink, xs, ys, panels.shape[1:], len(panels))
        label = ink.say("first-layer.weight")
        figure.colorbar(image, ax=axes, label=label, extend="both", shrink=0.8)

    alt = subject.say("first-layer.alt", shown=len(chosen), count=len(weights))
    rows = -(-len(chosen) // COLUMNS)
    size = (7.6, 0.4 + 0.82 * rows)
    note = notice(
        subject, "first-layer.notice", unit=int(chosen[0]), norm=float(norm[chosen[0]]),
        times=float(norm[chosen[0]] / max(float(np.median(norm)), 1e-12)),
        quiet=int((norm < 0.5 * np.median(norm)).sum()), count=len(norm),
    )  # fmt: skip
    arrays = {"weights": weights, "units": chosen}
    return [view_picture(subject, "first-layer", alt, paint, size, note, **arrays)]


VIEW = View(text("first-layer.summary"), fits, draw, 40)
