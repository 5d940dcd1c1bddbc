"""Figures that look alike: light and dark, readable small, safe for colour-blind eyes.

Colours: M. Okabe, K. Ito, "Color Universal Design", 2008; lines differ in dashes too.
"""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

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
"""Ten for points by class, which are named in the picture too."""
HANGUL = (
    "NanumGothic", "Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic", "Apple SD Gothic Neo",
    "UnDotum", "Baekmuk Gulim",
)  # fmt: skip
DPI = 150


@dataclass(frozen=True)
class Ink:
    """What to draw with on one background. faint: axes and grids; edge: frames and lines of
    reference, which have to be seen."""

    ground: str
    lines: tuple[str, ...]
    text: str
    paper: str
    faint: str
    edge: str
    classes: tuple[str, ...]

    @property
    def heat(self) -> Any:
        """Colours of values from 0 up."""
        return colours("heat", self.ground)

    @property
    def signed(self) -> Any:
        """Colours of values from -1 (against) to 1 (for)."""
        return colours("signed", self.ground)

    @property
    def both(self) -> tuple[str, str]:
        """The colours of against and for, where they are bars."""
        return SIGNED[self.ground][0], SIGNED[self.ground][-1]


INKS = {
    "light": Ink("light", LIGHT, "#1a1a1a", "#ffffff", "#d9d9d9", "#8a8a8a", CLASSES["light"]),
    "dark": Ink("dark", DARK, "#e8e8e8", "#16181d", "#3a3d45", "#7d828c", CLASSES["dark"]),
}


@dataclass(frozen=True)
class Picture:
    """One picture on both backgrounds, as PNG. title and alt: what it shows, in words."""

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
) -> Picture:
    """Draw by `paint(figure, ink)` on both backgrounds; size in inches.

    Half of the time goes into finding a layout, so the second takes over where the axes of the
    first are.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn, places = {}, None
    for where, ink in INKS.items():
        with matplotlib.rc_context(_settings(ink)), warnings.catch_warnings():
            # A name from the data that no font here can write is a box, not a stop.
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            figure = Figure(figsize=size, dpi=DPI, layout=None if places else "constrained")
            canvas = FigureCanvasAgg(figure)
            paint(figure, ink)
            if places is None:
                figure.draw_without_rendering()
                figure.set_layout_engine("none")
                places = [axes.get_position(original=True) for axes in figure.axes]
            else:
                for axes, place in zip(figure.axes, places, strict=True):
                    axes.set_position(place)
            canvas.draw()  # type: ignore[no-untyped-call]
            drawn[where] = _png(canvas)
    return Picture(name, title, alt, drawn["light"], drawn["dark"])


def _png(canvas: Any) -> bytes:
    from PIL import Image

    return packed(Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba()))


def packed(image: Any) -> bytes:
    """An image as a PNG, bit for bit: by a palette where it has at most 256 colours (a third in
    size), else in full colour, because a palette that is too small makes two colours of a legend
    one."""
    plain = image.convert("RGB")
    buffer = io.BytesIO()
    (_indexed(plain) or plain).save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()


def _indexed(plain: Any) -> Any:
    """The same pixels by a palette; None where they have more than 256 colours."""
    from PIL import Image

    few = plain.getcolors(256)
    if few is None:
        return None
    colours = np.array([color for _, color in few], np.uint32)
    key = colours @ (65536, 256, 1)
    order = np.argsort(key)
    found = np.searchsorted(key[order], np.asarray(plain, np.uint32) @ (65536, 256, 1))
    indexed = Image.fromarray(found.astype(np.uint8)).convert("P")
    indexed.putpalette(colours[order].astype(np.uint8).tobytes())
    return indexed


def log_scale(axis: Any) -> None:
    """Give an axis (axes.xaxis or axes.yaxis) a logarithmic scale with few ticks, as plain numbers.

    Over two decades or more there is a tick at powers of ten, else also at 2 and 5 times those.
    matplotlib's own minor ticks, and labels set as formulas, take longer to draw than all else.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    class FewTicks(LogLocator):
        def tick_values(self, vmin: float, vmax: float) -> Any:
            self.set_params(subs=(1.0,) if vmax >= 100 * vmin else (1.0, 2.0, 5.0))
            return super().tick_values(vmin, vmax)

    axis._set_axes_scale("log")
    axis.set_major_locator(FewTicks())
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:g}"))


def legend(axes: Any, columns: int = 3, **options: Any) -> None:
    """The legend above the axes, where it can lie on no curve."""
    above = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.2}
    axes.legend(**{**above, "ncols": columns, "columnspacing": 1.2, **options})


def whole(axis: Any) -> None:
    """Ticks at whole numbers alone: there is no epoch 1.5."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))


@cache
def families() -> list[str]:
    """matplotlib's own font, and those here that can write Hangul, for names from the data."""
    from matplotlib.font_manager import fontManager

    here = set(fontManager.get_font_names())
    return ["DejaVu Sans", *(name for name in HANGUL if name in here)]


def _settings(ink: Ink) -> Any:
    return {
        "font.family": families(),
        # A class may be called "$1": it is a name, and no formula.
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
    return {"color": ink.lines[index % len(ink.lines)], "linestyle": DASHES[index % len(DASHES)]}


def dotted(ink: Ink, index: int, count: int) -> dict[str, Any]:
    """The same with a dot at each of few points: one alone would make no line."""
    return {**line(ink, index), **({"marker": "o", "markersize": 3.5} if count <= 12 else {})}


def signs(ink: Ink, values: Any) -> list[str]:
    """The colour of each bar: for above zero, against below."""
    against, for_ = ink.both
    return [for_ if value > 0 else against for value in values]


def show_image(axes: Any, x: Any, low: float, high: float, **options: Any) -> None:
    """An image [C H W] without axes; one channel is grey; low and high are black and white."""
    x = x.transpose(1, 2, 0)
    if x.shape[2] in (3, 4):
        axes.imshow(((x - low) / (high - low)).clip(0, 1), interpolation="nearest", **options)
    else:
        grey = {"cmap": "gray", "vmin": low, "vmax": high, "interpolation": "nearest"}
        axes.imshow(x[..., 0], **{**grey, **options})
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
