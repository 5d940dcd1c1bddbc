"""First-layer weights as images: what each unit of the first layer looks for."""

from typing import Any

import numpy as np
from torch import nn

from etude.inspection.subject import Subject
from etude.inspection.view import Shown, View, notice, shown
from etude.render.panels import frames, show_sheet, tile
from etude.render.style import Ink

SHOWN, COLUMNS = 32, 8


def first(subject: Subject) -> nn.Linear | None:
    """The first Linear that reads whole images."""
    for module in subject.model.modules():
        if isinstance(module, nn.Linear):
            return module if module.in_features == subject.card.spec.size else None
    return None


def fits(subject: Subject) -> str:
    """Networks of units that see a whole image."""
    flat = subject.card.view == "vector" or subject.task.name == "autoencode"
    whole = flat and subject.card.kind == "image" and first(subject) is not None
    return "" if whole else "no unit of the first layer sees a whole image"


def draw(subject: Subject) -> list[Shown]:
    """The units of largest weights, on one scale; the channels of colour images are added up."""
    layer = first(subject)
    assert layer is not None  # fits said so
    weights = layer.weight.detach().numpy().reshape(-1, *subject.card.shape)
    norm = np.linalg.norm(weights.reshape(len(weights), -1), axis=1)
    chosen = np.argsort(-norm, kind="stable")[:SHOWN]
    panels = weights[chosen].sum(1)
    top = float(np.quantile(np.abs(panels), 0.999))

    def paint(figure: Any, ink: Ink) -> None:
        axes = figure.subplots()
        sheet, xs, ys = tile(panels, COLUMNS)
        image = show_sheet(axes, sheet, cmap=ink.signed, vmin=-top, vmax=top)
        frames(axes, ink, xs, ys, panels.shape[1:], len(panels))
        figure.colorbar(image, ax=axes, label="weight", extend="both", shrink=0.8)

    alt = subject.say("first-layer.alt", shown=len(chosen), count=len(weights))
    rows = -(-len(chosen) // COLUMNS)
    size = (7.6, 0.4 + 0.82 * rows)
    title = subject.say("first-layer.title")
    said = notice(
        subject, "first-layer.notice", unit=int(chosen[0]), norm=float(norm[chosen[0]]),
        times=float(norm[chosen[0]] / max(float(np.median(norm)), 1e-12)),
        quiet=int((norm < 0.5 * np.median(norm)).sum()), count=len(norm),
    )  # fmt: skip
    return [shown("first-layer", title, alt, paint, size, said, weights=weights, units=chosen)]


VIEW = View("first-layer weights as images", fits, draw, 40)
