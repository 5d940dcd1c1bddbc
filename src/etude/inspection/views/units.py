"""Units: the test samples that activate a unit most.

Source: D. Erhan et al., "Visualizing Higher-Layer Features of a Deep Network", 2009, section 3.
"""

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from etude.inspection.subject import Subject
from etude.inspection.trace import record
from etude.inspection.view import Notice, View, ViewPicture, notice, view_picture
from etude.inspection.views.class_map import last_activation
from etude.locale.texts import Sentence, text
from etude.render.labels import short
from etude.render.panels import as_panels, frames, show_sheet, tile, two_tone
from etude.render.style import Ink, Style

UNITS, SHOWN, SEARCHED = 6, 8, 600
"""Units, samples shown per unit, and samples searched."""


def layer(subject: Subject) -> nn.Module | None:
    """The activation after the last convolution; without one, the last ReLU."""
    relus = [m for m in subject.model.modules() if isinstance(m, nn.ReLU)]
    return last_activation(subject.model) or (relus[-1] if relus else None)


def fits(subject: Subject) -> Sentence:
    """ "" for networks with ReLU units that read images, with available data."""
    if subject.card.kind != "image" or subject.has_codes or not layer(subject):
        return text("inspection.unfit.units")
    return subject.data_problem


def activations(subject: Subject) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The largest activation of each unit for each sample [n units], its position in the map
    [n units 2] as fractions of height and width, and the indices of the samples [n]."""
    indices = subject.spread(SEARCHED)
    trace = record(subject.model, subject.test.take(indices))
    # A network that also reads the mirror image calls the layer twice; the first call counts.
    output, *_ = [c.output for c in trace.calls if c.module is layer(subject)]
    assert output is not None
    # Hidden units without a map are maps of one pixel.
    maps = output if output.ndim == 4 else output[..., None, None]
    strongest, at = maps.flatten(2).max(-1)
    width, height = maps.shape[3], maps.shape[2]
    # + 0.5: the centre of a pixel of the map, not its corner.
    middle = torch.stack(((at // width + 0.5) / height, (at % width + 0.5) / width), -1)
    return strongest.numpy(), middle.numpy(), indices


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: one row per unit with the samples that activate it most, and a ring around the
    position of the largest activation."""
    strongest, middle, chosen = activations(subject)
    # The units that distinguish samples most: their activations have the largest spread.
    units = np.argsort(-strongest.std(0), kind="stable")[:UNITS]
    best = np.argsort(-strongest[:, units], axis=0, kind="stable")[:SHOWN].T  # [units SHOWN]
    raw = np.asarray(subject.data.test.x[chosen[best.ravel()]])
    panels = as_panels(raw, subject.card.top)
    height, width = panels.shape[1:3]
    spatial = last_activation(subject.model) is not None

    def paint(figure: Figure, ink: Ink) -> None:
        axes = figure.subplots()
        sheet, xs, ys = tile(panels, best.shape[1])
        show_sheet(axes, sheet)
        frames(axes, ink, xs, ys, (height, width), len(panels))
        axes.set_yticks(ys, [ink.say("units.unit", unit=unit) for unit in units])
        axes.tick_params(length=0)
        axes.set_xlabel(ink.say("units.order"))
        if spatial:
            for row, (unit, samples) in enumerate(zip(units, best)):
                # `tile` returns the centres of panels, so 0.5 becomes the origin.
                down, across = (middle[samples, unit] - 0.5).T * [[height], [width]]
                ring: Style = {
                    "s": 90,
                    "facecolors": "none",
                    "edgecolors": "#ffffff",
                    "linewidths": 1.3,
                }
                ring["path_effects"] = two_tone(1.3)["path_effects"]
                axes.scatter(np.array(xs[: len(samples)]) + across, ys[row] + down, **ring)

    alt = subject.say("units.alt", units=len(units), shown=best.shape[1], total=len(chosen))
    arrays = {"units": units, "samples": chosen[best], "answers": strongest}
    size = (7.6, 0.4 + 0.86 * len(units) * height / width)
    note = _notice(subject, units, chosen[best])
    return [view_picture(subject, "units", alt, paint, size, note, **arrays)]


def _notice(subject: Subject, units: np.ndarray, samples: np.ndarray) -> Notice:
    """The unit whose samples are most of one class; without classes, the number of different
    samples among all units."""
    if not subject.card.classes:
        different = len(np.unique(samples))
        return notice(subject, "units.notice.none", different=different, shown=samples.size)
    labels = np.asarray(subject.data.test.y)[samples]  # [units SHOWN]
    count = np.stack([np.bincount(row, minlength=len(subject.card.classes)) for row in labels])
    row, label = np.unravel_index(count.argmax(), count.shape)
    return notice(
        subject, "units.notice", unit=int(units[row]), label=short(subject.card.classes[label], 2),
        count=int(count[row, label]), shown=labels.shape[1],
    )  # fmt: skip


VIEW = View(text("units.summary"), fits, draw, 42)
