"""Filters of a convolutional network, layer by layer.

weight [filters C k k]; each filter is shown by its slice [k k] of the largest norm
"""

import numpy as np
from matplotlib.figure import Figure
from torch import nn

from etude.inspection.subject import Subject
from etude.inspection.view import View, ViewPicture, notice, view_picture
from etude.locale.texts import Sentence, text
from etude.render.panels import frames, show_sheet, tile
from etude.render.style import Ink

SHOWN = 16


def convolutions(subject: Subject) -> dict[str, nn.Conv2d]:
    """The convolutions by name, without those of 1 x 1 pixel, which have no spatial pattern."""
    every = {n: m for n, m in subject.model.named_modules() if isinstance(m, nn.Conv2d)}
    return {n: m for n, m in every.items() if m.kernel_size[0] > 1}


def slides(layer: nn.Conv2d) -> bool:
    """Whether neighbouring windows overlap; those of a patch embedding do not."""
    return layer.stride[0] < layer.kernel_size[0]


def fits(subject: Subject) -> Sentence:
    """ "" for convolutional networks."""
    every = convolutions(subject).values()
    if every and not any(map(slides, every)):
        return text("inspection.unfit.patches")
    return "" if every else text("inspection.unfit.convolution")


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: one row per layer with its filters of largest norm, each on its own scale."""
    layers = {n: m.weight.detach().numpy() for n, m in convolutions(subject).items()}
    side = max(w.shape[-1] for w in layers.values())
    rows = []
    for w in layers.values():
        size = np.linalg.norm(w.reshape(*w.shape[:2], -1), axis=2)  # [filters C]
        order = np.argsort(-np.linalg.norm(size, axis=1), kind="stable")[:SHOWN]
        slices = w[order, size[order].argmax(1)] / np.abs(w[order]).max()
        # Layers with fewer filters or smaller kernels are padded with NaN to one size of panel.
        room = [(0, SHOWN - len(order)), (0, side - w.shape[-2]), (0, side - w.shape[-1])]
        rows.append(np.pad(slices, room, constant_values=np.nan))

    def paint(figure: Figure, ink: Ink) -> None:
        axes = figure.subplots()
        sheet, xs, ys = tile(np.concatenate(rows), SHOWN, gap=1)
        image = show_sheet(axes, sheet, cmap=ink.signed, vmin=-1, vmax=1)
        for y, w in zip(ys, layers.values()):
            # Around a smaller kernel, a frame would enclose its padding too.
            if w.shape[-2:] == (side, side):
                frames(axes, ink, xs, [y], (side, side), min(SHOWN, len(w)))
        axes.set_yticks(ys, [f"{n}\n{w.shape[-2]} x {w.shape[-1]}" for n, w in layers.items()])
        axes.tick_params(length=0)
        figure.colorbar(image, ax=axes, label=ink.say("filters.scale"), pad=0.01)

    alt = subject.say("filters.alt", layers=len(layers), shown=SHOWN)
    size = (7.6, max(1.6, 0.5 + 0.45 * len(layers)))
    name, w = next(iter(layers.items()))
    norm = np.linalg.norm(w.reshape(len(w), -1), axis=1)
    note = notice(
        subject, "filters.notice", layer=name, 
        times=float(norm.max() / max(np.median(norm), 1e-12)),
        quiet=int((norm < 0.5 * np.median(norm)).sum()), count=len(norm),
    )  # fmt: skip
    return [view_picture(subject, "filters", alt, paint, size, note, **layers)]


VIEW = View(text("filters.summary"), fits, draw, 40)
