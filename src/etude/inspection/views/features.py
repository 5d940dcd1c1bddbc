"""Feature maps by layer: where each filter is active in a sample.

maps [C h w] of each layer, after its activation
"""

import numpy as np
from matplotlib.figure import Figure
from torch import nn

from etude.inspection.subject import Subject
from etude.inspection.view import View, ViewPicture, notice, view_picture
from etude.locale.texts import Sentence, text
from etude.render.labels import wrapped
from etude.render.panels import frames, paint_sample, show_sheet, tile
from etude.render.style import Ink

SHOWN = 12


def fits(subject: Subject) -> Sentence:
    """ "" for convolutional networks, with an available sample."""
    if not any(isinstance(m, nn.BatchNorm2d) for m in subject.model.modules()):
        return text("inspection.unfit.feature_maps")
    return subject.sample_problem


def enlarged(maps: np.ndarray, height: int, width: int) -> np.ndarray:
    """Maps [n h w] resized to [n height width] by nearest neighbour."""
    rows = np.arange(height) * maps.shape[1] // height
    columns = np.arange(width) * maps.shape[2] // width
    return maps[:, rows][:, :, columns]


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: one row per layer with its most active maps, each layer on its own scale."""
    sample, (_, height, width) = subject.sample, subject.card.shape
    layers, rows = {}, []
    for call in subject.trace.of(nn.ReLU):
        if call.name in layers:  # the second call reads the mirror image
            continue
        # The ReLUs of the classifier head have outputs without height and width.
        if call.output is not None and call.output.ndim == 4:
            maps = call.output[0].numpy()
            layers[call.name] = maps
            # Stable: maps that are silent tie at a mean of 0 and keep their order on every
            # platform.
            most = np.argsort(-maps.mean((1, 2)), kind="stable")[:SHOWN]
            # A layer that is silent as a whole has a maximum of 0.
            panels = enlarged(maps[most] / (maps.max() or 1), height, width)
            # A layer with fewer maps is padded with empty (NaN) panels to a full row.
            room = [(0, SHOWN - len(most)), (0, 0), (0, 0)]
            rows.append(np.pad(panels, room, constant_values=np.nan))

    def paint(figure: Figure, ink: Ink) -> None:
        left, right = figure.subplots(1, 2, width_ratios=[1.2, 6])
        paint_sample(left, ink, sample.raw, subject.card.top)
        left.set_title(wrapped(sample.name, 1.15, rows=5), fontsize=8)
        sheet, xs, ys = tile(np.concatenate(rows), SHOWN)
        image = show_sheet(right, sheet, cmap=ink.heat, vmin=0, vmax=1)
        for y, maps in zip(ys, layers.values()):
            frames(right, ink, xs, [y], (height, width), min(SHOWN, len(maps)))
        sides = [f"{name}\n{m.shape[1]} x {m.shape[2]}" for name, m in layers.items()]
        right.set_yticks(ys, sides, fontsize=7)
        right.tick_params(length=0)
        figure.colorbar(image, ax=right, label=ink.say("features.scale"), pad=0.01)

    alt = subject.say("features.alt", name=sample.caption, layers=len(layers), shown=SHOWN)
    name, last = list(layers.items())[-1]
    note = notice(
        subject, "features.notice", layer=name, silent=int((last.max((1, 2)) <= 0).sum()),
        total=len(last), zeros=float((last <= 0).mean()),
    )  # fmt: skip
    size = (8.4, max(1.8, 0.7 + 0.55 * len(layers)))
    return [view_picture(subject, "features", alt, paint, size, note, **layers)]


VIEW = View(text("features.summary"), fits, draw, 41)
