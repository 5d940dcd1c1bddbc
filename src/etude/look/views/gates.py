"""Gates of an LSTM and its states over time, beside the input.

i what to let in, f what to keep, o what to show: 0 to 1 · g what is new, h hidden: -1 to 1 · c cell
each [L D], drawn with a column a step and a row a feature
"""

from typing import Any

import numpy as np

from etude.draw.panels import tile
from etude.draw.style import Ink, line
from etude.layers import LSTM
from etude.look.subject import Subject
from etude.look.view import Shown, View, shown

GATES, STATES = ("i", "f", "o"), ("g", "c", "h")
MOST = 4
"""Layers shown; those nearest to the input."""


def fits(subject: Subject) -> str:
    """Networks with an LSTM."""
    if not any(isinstance(m, LSTM) for m in subject.model.modules()):
        return "the network has no gates"
    return subject.no_sample


def paint_input(axes: Any, ink: Ink, x: np.ndarray) -> None:
    """What the network reads [L Q]: lines where there are few features, else colours."""
    if x.shape[1] <= 3:
        for q in range(x.shape[1]):
            axes.plot(x[:, q], **line(ink, q))
    else:
        axes.imshow(x.T, cmap=ink.heat, aspect="auto", interpolation="nearest")
    axes.margins(x=0)


def draw(subject: Subject) -> list[Shown]:
    """A column a layer: the input, the gates, the states; one scale for all gates, and one each
    for g and h (-1 to 1) and for c."""
    sample = subject.sample
    x = sample.batch.x[0].numpy()
    length = len(x) if sample.batch.lengths is None else int(sample.batch.lengths[0])
    x = x[:length]
    found = {
        name: {key: value[0, :length].numpy() for key, value in gates.items()}
        for name, gates in list(subject.trace.gates.items())[:MOST]
    }
    largest = max(float(np.abs(gates["c"]).max()) for gates in found.values())

    def paint(figure: Any, ink: Ink) -> None:
        grid = figure.subplots(3, len(found), sharex=True, squeeze=False, height_ratios=[0.8, 3, 3])
        for column, (name, gates) in enumerate(found.items()):
            top, middle, bottom = grid[:, column]
            paint_input(top, ink, x)
            top.set_title(f"{name}", fontsize=9)
            for axes, keys, scale in ((middle, GATES, None), (bottom, STATES, largest)):
                panels = np.stack([gates[key].T for key in keys])
                if scale:
                    panels = panels / np.array([1, scale, 1])[:, None, None]
                sheet, _, ys = tile(panels, 1, gap=max(2, panels.shape[1] // 12))
                low, cmap = (-1, ink.signed) if scale else (0, ink.heat)
                image = axes.imshow(
                    sheet, cmap=cmap, vmin=low, vmax=1, aspect="auto", interpolation="nearest"
                )
                words = {"c": f"c / {largest:.1f}"}
                axes.set_yticks(ys, [words.get(key, key) for key in keys])
                axes.tick_params(length=0)
                if column == len(found) - 1:
                    figure.colorbar(image, ax=axes, pad=0.01)
            bottom.set_xlabel("step")
        grid[0, 0].set_ylabel("input")

    alt = subject.say("gates.alt", name=sample.called, layers=len(found), steps=length)
    arrays = {
        f"{name.replace(' ', '_')}_{key}": value
        for name, gates in found.items()
        for key, value in gates.items()
    }
    title = subject.say("gates.title")
    return [shown("gates", title, alt, paint, (7.6, 6.4), input=x, **arrays)]


VIEW = View("gates, hidden and cell state over time, beside the input", fits, draw, 43)
