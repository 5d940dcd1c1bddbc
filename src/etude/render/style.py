"""The common style of all figures: a light and a dark version, legible when small, safe for
colour-blind readers.

Colours: M. Okabe, K. Ito, "Color Universal Design", 2008. Lines also differ in their dashes.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import Image

from etude.locale.texts import Lang, metric, say
from etude.render.colours import SIGNED, colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

Style = dict[str, Any]
"""Keyword arguments of matplotlib's artists, or its settings. Their values have many types, which
matplotlib checks itself."""
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

    def say(self, key: str, **values: object) -> str:
        """The text of this key in the language of the figure."""
        return say(self.lang, key, **values)

    def metric(self, goal: str) -> str:
        """The name of a metric in the language of the figure."""
        return metric(goal, self.lang)

    @property
    def heat(self) -> "Colormap":
        """The colour map for values from 0 up."""
        return colours("heat", self.ground)

    @property
    def signed(self) -> "Colormap":
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
    paint: Callable[["Figure", Ink], None],
    size: tuple[float, float] = (6.4, 3.6),
    lang: Lang = "en",
) -> Picture:
    """Call `paint(figure, ink)` once per background and return both images; size in inches.

    lang: language of the texts that `paint` gets from `ink.say`. They are English if no font here
    can write it; title and alt are text of a page, where the browser has its own fonts.
    """
    # Here, because commands that draw nothing should not wait for matplotlib.
    from etude.render import canvas, fonts

    written = fonts.language(lang)
    inks = [replace(ink, lang=written) for ink in INKS.values()]
    settings = [{"font.family": fonts.families(), **_settings(ink)} for ink in inks]
    painters = [partial(_painted, paint, ink) for ink in inks]
    light, dark = map(packed, canvas.images(painters, settings, size, DPI))
    return Picture(name, title, alt, light, dark)


def _painted(paint: Callable[["Figure", Ink], None], ink: Ink, figure: "Figure") -> None:
    paint(figure, ink)


def packed(image: Image.Image) -> bytes:
    """An image as a lossless PNG: with a palette if it has at most 256 colours (a third of the
    size), else in full colour.

    A quantised palette would be smaller, but it can merge two colours of a legend.
    """
    plain = image.convert("RGB")
    buffer = io.BytesIO()
    (_indexed(plain) or plain).save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()


def _indexed(plain: Image.Image) -> Image.Image | None:
    """The same pixels with a palette; None if the image has more than 256 colours."""
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


def legend(axes: "Axes", columns: int = 3, **options: object) -> None:
    """Place the legend above the axes, where it cannot cover a curve."""
    above = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.2}
    axes.legend(**{**above, "ncols": columns, "columnspacing": 1.2, **options})


def _settings(ink: Ink) -> dict[str, object]:
    return {
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


def line(ink: Ink, index: int) -> Style:
    """Colour and dashes of the index-th line."""
    # LIGHT, DARK and DASHES have 7 entries each, so the first 7 lines differ in both.
    return {"color": ink.lines[index % len(ink.lines)], "linestyle": DASHES[index % len(DASHES)]}


def dotted(ink: Ink, index: int, count: int) -> Style:
    """As `line`, with a dot at each point if there are at most 12: a line through one point is
    invisible."""
    return {**line(ink, index), **({"marker": "o", "markersize": 3.5} if count <= 12 else {})}


def signs(ink: Ink, values: np.ndarray) -> list[str]:
    """The colour of each bar: the colour "for" above zero, "against" below."""
    against, for_ = ink.both
    return [for_ if value > 0 else against for value in values]


def show_image(
    axes: "Axes", x: np.ndarray, low: float, high: float, aspect: Literal["auto"] | None = None
) -> None:
    """Draw an image [C H W] without axes; one channel is grey; low is black, high is white."""
    x = x.transpose(1, 2, 0)
    if x.shape[2] in (3, 4):
        # imshow ignores vmin and vmax for colour images, so they are scaled here.
        axes.imshow(((x - low) / (high - low)).clip(0, 1), interpolation="nearest", aspect=aspect)
    else:
        grey: Style = {"cmap": "gray", "vmin": low, "vmax": high, "interpolation": "nearest"}
        axes.imshow(x[..., 0], aspect=aspect, **grey)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
