"""Draw many small images as one sheet, in a tenth of the time that one axes per image takes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.image import AxesImage
from matplotlib.patheffects import Normal, Stroke

from etude.render.style import Ink, Style, line, show_image
from etude.render.ticks import whole


def tile(
    panels: np.ndarray, columns: int, gap: int = 0
) -> tuple[np.ndarray, list[float], list[float]]:
    """Panels [n h w] or [n h w 3] in a grid, row by row, with NaN between them.

    Returns the sheet and the pixel coordinates of the centres of its columns (x) and rows (y).
    gap: pixels between panels; 0 means 8 % of the longer side of a panel.
    """
    count, height, width, *rest = panels.shape
    gap = gap or max(1, round(0.08 * max(height, width)))
    rows = -(-count // columns)
    down, across = height + gap, width + gap
    sheet = np.full((rows * down - gap, columns * across - gap, *rest), np.nan, np.float32)
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        sheet[row * down : row * down + height, column * across : column * across + width] = panel
    # imshow puts the centre of pixel i at i, so the centre of a panel is at (width - 1) / 2.
    xs = [column * across + (width - 1) / 2 for column in range(columns)]
    ys = [row * down + (height - 1) / 2 for row in range(rows)]
    return sheet, xs, ys


def as_panels(images: np.ndarray, top: float, low: float = 0.0) -> np.ndarray:
    """Images [n C H W] with values low..top as panels in 0..1: [n H W], or [n H W 3] in colour."""
    # A constant image has top == low.
    plain = np.clip((images.astype(np.float32) - low) / ((top - low) or 1), 0, 1)
    if images.shape[1] == 3:
        return np.asarray(plain.transpose(0, 2, 3, 1))
    return np.asarray(plain[:, 0])


def show_sheet(axes: Axes, sheet: np.ndarray, **options: object) -> AxesImage:
    """Draw a sheet [h w] or [h w 3] without axes; gaps (NaN) stay transparent.

    A sheet [h w] is grey unless `options` has a cmap.
    """
    if sheet.ndim == 3:
        # matplotlib makes NaN transparent in a colour map only, so RGB needs an alpha channel.
        open_ = np.isnan(sheet[..., :1])
        sheet = np.concatenate([np.nan_to_num(sheet), 1.0 - open_], axis=2)
        image = axes.imshow(sheet, interpolation="nearest")
    else:
        style: Style = {"cmap": "gray", "vmin": 0, "vmax": 1, "interpolation": "nearest", **options}
        image = axes.imshow(sheet, **style)
    bare(axes)
    return image


def bare(axes: Axes) -> None:
    """Remove ticks and frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def framed(axes: Axes, ink: Ink) -> None:
    """Remove the ticks and draw a thin frame, so that an image with a white border has an edge."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set(visible=True, color=ink.edge, linewidth=0.6)


def frames(
    axes: Axes,
    ink: Ink,
    xs: Sequence[float],
    ys: Sequence[float],
    size: tuple[int, int],
    count: int,
) -> None:
    """Draw a thin frame around each of the first `count` panels of a sheet.

    xs, ys: centres of columns and rows, as `tile` returns them; size: height and width of a panel.
    """
    down, across = size[0] / 2, size[1] / 2
    corners = [(-across, -down), (across, -down), (across, down), (-across, down), (-across, -down)]
    # One collection of lines draws faster than one patch per panel.
    places = [(x, y) for y in ys for x in xs][:count]
    lines = [[(x + a, y + b) for a, b in corners] for x, y in places]
    axes.add_collection(LineCollection(lines, colors=ink.edge, linewidths=0.6, clip_on=False))


def two_tone(linewidth: float = 1.4) -> Style:
    """Line properties of a white line with a dark rim, visible on an image of any colour."""
    rim = [Stroke(linewidth=linewidth + min(2.2, 2 * linewidth), foreground="#111111"), Normal()]
    return {"linewidth": linewidth, "color": "#ffffff", "path_effects": rim}


def paint_sample(axes: Axes, ink: Ink, raw: np.ndarray, top: float) -> None:
    """Draw a raw sample: an image [C H W] as pixels, a sequence [L Q] as lines or colours, a vector
    [D] as bars. top: the value that is white in an image."""
    if raw.ndim == 3:
        show_image(axes, raw.astype(np.float32), 0.0, float(top))
        framed(axes, ink)
    elif raw.ndim == 2:
        paint_steps(axes, ink, raw)
        axes.set_xlabel(ink.say("axis.step"))
    else:
        axes.bar(np.arange(len(raw)), raw, color=ink.lines[0])
        axes.set(xlabel=ink.say("axis.feature"), ylabel=ink.say("axis.input"))
        whole(axes.xaxis)


def paint_steps(axes: Axes, ink: Ink, x: np.ndarray) -> None:
    """Draw an input [L Q] with steps to the right: up to 3 features as lines, more as colours."""
    if x.shape[1] <= 3:
        for q in range(x.shape[1]):
            axes.plot(x[:, q], **line(ink, q))
        axes.set_ylabel(ink.say("axis.input"))
        # The same limits as an image of the sequence has, so that panels above each other align.
        axes.set_xlim(-0.5, len(x) - 0.5)
    else:
        # A sequence without negative values uses the heat map, which has its full range from 0 up.
        far = float(np.abs(x).max()) or 1.0
        low = -far if x.min() < 0 else 0.0
        cmap = ink.signed if low else ink.heat
        axes.imshow(x.T, cmap=cmap, vmin=low, vmax=far, aspect="auto", interpolation="nearest")
        axes.set_ylabel(ink.say(f"axis.input.{'signed' if low else 'positive'}", far=far))
        whole(axes.yaxis)
    whole(axes.xaxis)
