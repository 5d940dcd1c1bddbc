"""Figures that look alike: light and dark, readable small, safe for colour-blind eyes.

Colours: M. Okabe, K. Ito, "Color Universal Design", 2008; lines differ in dashes too.
"""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

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
    """What to draw with on one background."""

    lines: tuple[str, ...]
    text: str
    paper: str
    faint: str
    heat: str
    signed: str
    classes: tuple[str, ...]


INKS = {
    "light": Ink(LIGHT, "#1a1a1a", "#ffffff", "#d9d9d9", "Blues", "RdBu_r", CLASSES["light"]),
    "dark": Ink(DARK, "#e8e8e8", "#16181d", "#3a3d45", "cividis", "berlin", CLASSES["dark"]),
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
    """An image as a PNG of 256 colours, which are enough for any picture here: a third in size, and
    quicker to write. The ground, which is the colour of the first corner, stays as it is."""
    plain = image.convert("RGB")
    few = plain.quantize(256, method=2)  # by octree
    palette = few.getpalette()
    ground = 3 * few.getpixel((0, 0))
    palette[ground : ground + 3] = plain.getpixel((0, 0))
    few.putpalette(palette)
    buffer = io.BytesIO()
    few.save(buffer, format="PNG")
    return buffer.getvalue()


def log_scale(axis: Any) -> None:
    """An axis (axes.xaxis or axes.yaxis) by powers of ten, with plain numbers at its ticks: those
    that matplotlib writes as formulas take longer to set than all else in a picture."""
    from matplotlib.ticker import LogFormatter

    axis._set_axes_scale("log")
    axis.set_major_formatter(LogFormatter(labelOnlyBase=True))
    axis.set_minor_formatter(LogFormatter(labelOnlyBase=False, minor_thresholds=(1, 0.4)))


@cache
def families() -> list[str]:
    """matplotlib's own font, and those here that can write Hangul, for names from the data."""
    from matplotlib.font_manager import fontManager

    here = set(fontManager.get_font_names())
    return ["DejaVu Sans", *(name for name in HANGUL if name in here)]


def _settings(ink: Ink) -> Any:
    return {
        "font.family": families(),
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


def show_image(axes: Any, x: Any, low: float, high: float) -> None:
    """An image [C H W] without axes; one channel is grey; low and high are black and white."""
    x = x.transpose(1, 2, 0)
    if x.shape[2] in (3, 4):
        axes.imshow(((x - low) / (high - low)).clip(0, 1), interpolation="nearest")
    else:
        grey = {"cmap": "gray", "vmin": low, "vmax": high, "interpolation": "nearest"}
        axes.imshow(x[..., 0], **grey)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
