"""Gates and states of an LSTM over time, next to the input.

input, forget and output gate: 0 (closed) to 1 (open) · cell candidate, hidden state: -1 to 1 · cell
state: unbounded · each [L D], units sorted by the cell state at the last step
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from etude.inspection.subject import Sample, Subject, steps_of
from etude.inspection.view import Notice, View, ViewPicture, notice, view_picture
from etude.layers import LSTM
from etude.locale.texts import Sentence, text
from etude.render.labels import wrapped
from etude.render.panels import framed, paint_steps
from etude.render.style import Ink, Style, show_image
from etude.render.ticks import whole

PANELS = ("i", "f", "o", "g", "h", "c")
"""Gates and states, in the order of the picture: panels that share a scale are next to each other.
The text of each is `gates.KEY`."""
MOST = 4
"""Largest number of layers shown, counted from the input."""


def fits(subject: Subject) -> Sentence:
    """ "" for networks with an LSTM and an available sample."""
    if not any(isinstance(m, LSTM) for m in subject.model.modules()):
        return text("inspection.unfit.lstm")
    return subject.sample_problem


def paint_input(axes: Axes, ink: Ink, subject: Subject, sample: Sample, length: int) -> None:
    """Draw the input: an image with its rows downwards, or the raw sequence with steps to the
    right."""
    if sample.raw.ndim == 3:
        top = float(subject.card.top)
        # aspect="auto" stretches the image, so that its rows align with the steps beside it.
        show_image(axes, sample.raw.astype(np.float32), 0.0, top, aspect="auto")
        framed(axes, ink)
        axes.set_yticks(np.arange(length))
        whole(axes.yaxis)
        axes.set_ylabel(ink.say("gates.rows"))
    else:
        paint_steps(axes, ink, sample.raw[:length])


def _layer(ink: Ink, name: str) -> str:
    """The name of a layer in a figure; `name`: "layer 1" or "layer 1 backwards", as in a trace."""
    _, layer, *backwards = name.split()
    return ink.say("gates.backwards" if backwards else "axis.layer", layer=layer)


def ratio_of(sample: Sample) -> float:
    """Width over height of an image, limited to 0.5..2 to fit the figure; 1 for a sequence."""
    if sample.raw.ndim < 3:
        return 1.0
    return float(np.clip(sample.raw.shape[2] / sample.raw.shape[1], 0.5, 2))


@dataclass(frozen=True)
class Walk:
    """Gates and states to draw: layers[name][key] is [L D].

    down: steps go downwards, as the rows of an image do. far: limit of the scale of the cell state.
    """

    layers: dict[str, dict[str, np.ndarray]]
    down: bool
    far: float

    def panel(self, values: np.ndarray, order: np.ndarray) -> np.ndarray:
        """The image of a panel, with steps along their axis in the picture."""
        return values[:, order] if self.down else values[:, order].T

    def scale(self, ink: Ink, key: str) -> Style:
        """Colour map and limits of a panel."""
        if key in ("i", "f", "o"):
            return {"cmap": ink.heat, "vmin": 0, "vmax": 1}
        far = self.far if key == "c" else 1
        return {"cmap": ink.signed, "vmin": -far, "vmax": far}

    def paint(self, figure: Figure, ink: Ink, subject: Subject, sample: Sample) -> None:
        """Draw the input and one panel per gate and state, for each layer."""
        grid = self._grid(figure, len(self.layers), ratio_of(sample))
        images: dict[str, AxesImage] = {}
        for index, (line, (name, gates)) in enumerate(zip(grid, self.layers.items())):
            first, *others = line
            length = len(gates["c"])
            paint_input(first, ink, subject, sample, length)
            width = 2.0 if self.down else 6.4 / len(self.layers)
            heading = f"{wrapped(sample.name, width, 8, 2)}\n" if index == 0 else ""
            first.set_title(heading + _layer(ink, name), fontsize=8)
            # One order for all panels of a layer, so that a unit can be followed across them.
            order = np.argsort(-gates["c"][-1], kind="stable")
            for axes, key in zip(others, PANELS):
                word = ink.say(f"gates.{key}")
                options = {"aspect": "auto", "interpolation": "nearest", **self.scale(ink, key)}
                images[key] = axes.imshow(self.panel(gates[key], order), **options)
                framed(axes, ink)
                if self.down:
                    axes.set_title(word, fontsize=8)
                elif index == 0:
                    axes.set_ylabel(word.replace(" ", "\n"), fontsize=8)
            if not self.down:
                others[-1].set_xticks(np.arange(length))
                whole(others[-1].xaxis)
                others[-1].set_xlabel(ink.say("axis.step"))
        self._bars(figure, ink, grid, images)

    def _grid(self, figure: Figure, layers: int, ratio: float) -> np.ndarray:
        """Axes [layers, input and panels]: one row per layer if steps go down, else one column."""
        if self.down:
            ratios = [1.8 * ratio, *(1.0 for _ in PANELS)]
            grid = figure.subplots(layers, 1 + len(PANELS), squeeze=False, width_ratios=ratios)
            return np.asarray(grid)
        grid = figure.subplots(1 + len(PANELS), layers, squeeze=False, sharex="col")
        return np.asarray(grid).T

    def _bars(
        self, figure: Figure, ink: Ink, grid: np.ndarray, images: dict[str, AxesImage]
    ) -> None:
        """Draw one colour bar per scale, next to the panels that share it."""
        where: Style = {"location": "bottom", "aspect": 18} if self.down else {"aspect": 12}
        for key, panels, label in (
            ("o", slice(1, 4), ink.say("gates.scale.gates")),
            ("h", slice(4, 6), ink.say("gates.scale.states")),
            ("c", slice(6, 7), ink.say("gates.c")),
        ):
            beside = grid[-1:, panels] if self.down else grid[:, panels]
            # Only the cell state is unbounded, so only its scale can be exceeded.
            more: Style = {"extend": "both"} if key == "c" else {}
            bar = figure.colorbar(images[key], ax=list(beside.ravel()), pad=0.02, **where, **more)
            bar.set_label(
                label if self.down else label.replace(", ", ",\n").replace(": ", ":\n"), fontsize=8
            )


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: for each layer the input, the gates and the states."""
    sample = subject.sample
    x = sample.batch.x[0].numpy()
    length = steps_of(sample, len(x))
    layers = {
        name: {key: value[0, :length].numpy() for key, value in gates.items()}
        for name, gates in list(subject.trace.gates.items())[:MOST]
    }
    # A few cells can count to large values. The scale ends at the 98th percentile, because a scale
    # up to the maximum would show all other cells as blank.
    cells = np.concatenate([np.abs(gates["c"]).ravel() for gates in layers.values()])
    walk = Walk(layers, sample.raw.ndim == 3, float(np.quantile(cells, 0.98)) or 1.0)

    def paint(figure: Figure, ink: Ink) -> None:
        walk.paint(figure, ink, subject, sample)

    alt = subject.say("gates.alt", name=sample.caption, layers=len(layers), steps=length)
    arrays = {
        f"{name.replace(' ', '_')}_{key}": value
        for name, gates in layers.items()
        for key, value in gates.items()
    }
    size = (9.6, 1.1 + 2.0 * len(layers)) if walk.down else (8.4, 7.6)
    note = _notice(subject, layers)
    return [view_picture(subject, "gates", alt, paint, size, note, input=x[:length], **arrays)]


def _notice(subject: Subject, layers: dict[str, dict[str, np.ndarray]]) -> Notice:
    """How far the forget gates of the first layer are open on average, and the step at which they
    are most closed."""
    forget = next(iter(layers.values()))["f"].mean(1)
    step = int(forget.argmin())
    key = "gates.notice.row" if subject.card.view == "rows" else "gates.notice"
    return notice(subject, key, mean=float(forget.mean()), low=float(forget[step]), step=step)


VIEW = View(text("gates.summary"), fits, draw, 43)
