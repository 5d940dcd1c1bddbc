"""The common style of all figures: a light and a dark version, legible when small, safe for
colour-blind readers.

Colours: M. Okabe, K. Ito, "Color Universal Design", 2008. Lines also differ in their dashes.
"""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from etude.locale.texts import Lang, metric, say
from etude.render import fonts
from etude.render.colours import SIGNED, colours

LIGHT = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4d4d4d")
DARK = ("#56B4E9", "#E69F00", "#2fc79a", "#e39bc4", "#ff8c4a", "#8fd0ff", "#c0c0c0")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
CLASSES = {
    "light": (
        "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00",
        "#56B4E9", "#808080", "#882255", "#999933", "#6655cc",
    ),
    "dark": (
        "#4da6ff", "#ff8c4a", "#2fc79a", "#e39bc4", "#f0c000",
        "#a8dcff", "#b0b0b0", "#e0607e", "#c5c56a", "#a893ff",
    ),
}  # fmt: skip
"""Ten colours for points by class. The figure also names the classes."""
DPI = 150


@dataclass(frozen=True)
class Ink:
    """The colours for one background, and the language of the texts.

    paper: the background; faint: axes and grids; edge: frames and reference lines, which need more
    contrast than a grid. lang: a language that the fonts here can write.
    """

    ground: str
    lines: tuple[str, ...]
    text: str
    paper: str
    faint: str
    edge: str
    classes: tuple[str, ...]
    lang: Lang = "en"

    def say(self, key: str, **values: Any) -> str:
        """The text of this key in the language of the figure."""
        return say(self.lang, key, **values)

    def metric(self, goal: str) -> str:
        """The name of a metric in the language of the figure."""
        return metric(goal, self.lang)

    @property
    def heat(self) -> Any:
        """The colour map for values from 0 up."""
        return colours("heat", self.ground)

    @property
    def signed(self) -> Any:
        """The colour map for values from -1 (against) to 1 (for)."""
        return colours("signed", self.ground)

    @property
    def both(self) -> tuple[str, str]:
        """The colours of bars below zero (against) and above zero (for)."""
        return SIGNED[self.ground][0], SIGNED[self.ground][-1]


INKS = {
    "light": Ink("light", LIGHT, "#1a1a1a", "#ffffff", "#d9d9d9", "#8a8a8a", CLASSES["light"]),
    "dark": Ink("dark", DARK, "#e8e8e8", "#16181d", "#3a3d45", "#7d828c", CLASSES["dark"]),
}


@dataclass(frozen=True)
class Picture:
    """One picture as two PNG files, for a light and a dark background.

    title: its heading; alt: a description, the caption and alternative text in a report.
    """

    name: str
    title: str
    alt: str
    light: bytes
    dark: bytes


def picture(
    name: str,
    title: str,
    alt: str,
    paint: Callable[[Any, Ink], None],
    size: tuple[float, float] = (6.4, 3.6),
    lang: Lang = "en",
) -> Picture:
    """Call `paint(figure, ink)` once per background and return both images; size in inches.

    lang: language of the texts that `paint` gets from `ink.say`. They are English if no font here
    can write it; title and alt are text of a page, where the browser has its own fonts.

    Computing the layout takes half of the time, so the second figure reuses the axes positions of
    the first.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    images, places = {}, None
    written = fonts.language(lang)
    for ground, ink in INKS.items():
        with matplotlib.rc_context(_settings(ink)), warnings.catch_warnings():
            # A name in a script that no installed font has is drawn as boxes; that is no error.
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            figure = Figure(figsize=size, dpi=DPI, layout=None if places else "constrained")
            # Not pyplot: it keeps every figure in global state and is not thread-safe.
            canvas = FigureCanvasAgg(figure)
            paint(figure, replace(ink, lang=written))
            if places is None:
                # matplotlib computes the layout when it draws. Without an engine, canvas.draw does
                # not compute it a second time.
                figure.draw_without_rendering()
                figure.set_layout_engine("none")
                places = [axes.get_position(original=True) for axes in figure.axes]
            else:
                for axes, place in zip(figure.axes, places, strict=True):
                    axes.set_position(place)
            canvas.draw()  # type: ignore[no-untyped-call]
            images[ground] = _png(canvas)
    return Picture(name, title, alt, images["light"], images["dark"])


def _png(canvas: Any) -> bytes:
    from PIL import Image

    return packed(Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba()))


def packed(image: Any) -> bytes:
    """An image as a lossless PNG: with a palette if it has at most 256 colours (a third of the
    size), else in full colour.

    A quantised palette would be smaller, but it can merge two colours of a legend.
    """
    plain = image.convert("RGB")
    buffer = io.BytesIO()
    (_indexed(plain) or plain).save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()


def _indexed(plain: Any) -> Any:
    """The same pixels with a palette; None if the image has more than 256 colours."""
    from PIL import Image

    few = plain.getcolors(256)
    if few is None:
        return None
    colours = np.array([color for _, color in few], np.uint32)
    # One integer per colour, so that one sorted search finds the palette index of every pixel.
    key = colours @ (65536, 256, 1)
    order = np.argsort(key)
    index = np.searchsorted(key[order], np.asarray(plain, np.uint32) @ (65536, 256, 1))
    indexed = Image.fromarray(index.astype(np.uint8)).convert("P")
    indexed.putpalette(colours[order].astype(np.uint8).tobytes())
    return indexed


def log_scale(axis: Any) -> None:
    """Give an axis (axes.xaxis or axes.yaxis) a logarithmic scale with few ticks, as plain numbers.

    Ticks are at powers of ten, and also at 2 and 5 times those if the axis spans less than two
    decades. matplotlib's own minor ticks and formula labels take longer to draw than all the rest.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    class FewTicks(LogLocator):
        def tick_values(self, vmin: float, vmax: float) -> Any:
            self.set_params(subs=(1.0,) if vmax >= 100 * vmin else (1.0, 2.0, 5.0))
            return super().tick_values(vmin, vmax)

    # The private method, because the public ones exist on axes (set_xscale), not on one axis.
    axis._set_axes_scale("log")
    axis.set_major_locator(FewTicks())
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:g}"))


def legend(axes: Any, columns: int = 3, **options: Any) -> None:
    """Place the legend above the axes, where it cannot cover a curve."""
    above = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.2}
    axes.legend(**{**above, "ncols": columns, "columnspacing": 1.2, **options})


def whole(axis: Any) -> None:
    """Put ticks at whole numbers only: there is no epoch 1.5."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))


def _settings(ink: Ink) -> Any:
    return {
        "font.family": fonts.families(),
        # A class may have the name "$1", which is not a formula.
        "text.parse_math": False,
        "figure.facecolor": ink.paper,
        "axes.facecolor": ink.paper,
        "savefig.facecolor": ink.paper,
        "text.color": ink.text,
        "axes.labelcolor": ink.text,
        "axes.edgecolor": ink.faint,
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.color": ink.text,
        "ytick.color": ink.text,
        "xtick.labelsize": 9,
        "ytick.labelsize": 9,
        "axes.labelsize": 9,
        "axes.grid": False,
        "legend.frameon": False,
        "legend.fontsize": 9,
        "font.size": 9,
        "lines.linewidth": 1.6,
    }


def line(ink: Ink, index: int) -> dict[str, Any]:
    """Colour and dashes of the index-th line."""
    # LIGHT, DARK and DASHES have 7 entries each, so the first 7 lines differ in both.
    return {"color": ink.lines[index % len(ink.lines)], "linestyle": DASHES[index % len(DASHES)]}


def dotted(ink: Ink, index: int, count: int) -> dict[str, Any]:
    """As `line`, with a dot at each point if there are at most 12: a line through one point is
    invisible."""
    return {**line(ink, index), **({"marker": "o", "markersize": 3.5} if count <= 12 else {})}


def signs(ink: Ink, values: Any) -> list[str]:
    """The colour of each bar: the colour "for" above zero, "against" below."""
    against, for_ = ink.both
    return [for_ if value > 0 else against for value in values]


def show_image(axes: Any, x: Any, low: float, high: float, **options: Any) -> None:
    """Draw an image [C H W] without axes; one channel is grey; low is black, high is white."""
    x = x.transpose(1, 2, 0)
    if x.shape[2] in (3, 4):
        # imshow ignores vmin and vmax for colour images, so they are scaled here.
        axes.imshow(((x - low) / (high - low)).clip(0, 1), interpolation="nearest", **options)
    else:
        grey = {"cmap": "gray", "vmin": low, "vmax": high, "interpolation": "nearest"}
        axes.imshow(x[..., 0], **{**grey, **options})
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
