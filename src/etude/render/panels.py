"""Many small pictures as one: a sheet is drawn in a tenth of the time that an axes each takes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from etude.render.style import Ink, line, show_image, whole


def tile(
    panels: np.ndarray, columns: int, gap: int = 0
) -> tuple[np.ndarray, list[float], list[float]]:
    """Panels [n h w] or [n h w 3] side by side, row by row, with nothing (NaN) between them; and
    the middles of columns (x) and rows (y). gap: pixels, 0 for a tenth of a panel."""
    count, height, width, *rest = panels.shape
    gap = gap or max(1, round(0.08 * max(height, width)))
    rows = -(-count // columns)
    down, across = height + gap, width + gap
    sheet = np.full((rows * down - gap, columns * across - gap, *rest), np.nan, np.float32)
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        sheet[row * down : row * down + height, column * across : column * across + width] = panel
    xs = [column * across + (width - 1) / 2 for column in range(columns)]
    ys = [row * down + (height - 1) / 2 for row in range(rows)]
    return sheet, xs, ys


def as_panels(images: np.ndarray, top: float, low: float = 0.0) -> np.ndarray:
    """Images [n C H W] with values low..top as panels in 0..1: [n H W], or [n H W 3] in colour."""
    plain = np.clip((images.astype(np.float32) - low) / ((top - low) or 1), 0, 1)
    if images.shape[1] == 3:
        return np.asarray(plain.transpose(0, 2, 3, 1))
    return np.asarray(plain[:, 0])


def show_sheet(axes: Any, sheet: np.ndarray, **options: Any) -> Any:
    """A sheet without axes; what is between panels is left open. Grey unless a cmap is given."""
    if sheet.ndim == 3:
        open_ = np.isnan(sheet[..., :1])
        sheet = np.concatenate([np.nan_to_num(sheet), 1.0 - open_], axis=2)
        image = axes.imshow(sheet, interpolation="nearest")
    else:
        given = {"cmap": "gray", "vmin": 0, "vmax": 1, "interpolation": "nearest", **options}
        image = axes.imshow(sheet, **given)
    bare(axes)
    return image


def bare(axes: Any) -> None:
    """No ticks, no frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def framed(axes: Any, ink: Ink) -> None:
    """No ticks, and a thin frame, so that a picture that is white at its edge ends somewhere."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set(visible=True, color=ink.edge, linewidth=0.6)


def frames(
    axes: Any, ink: Ink, xs: Sequence[float], ys: Sequence[float], size: tuple[int, int], count: int
) -> None:
    """A thin frame around each of the first `count` panels of a sheet. xs, ys: as `tile` gives
    them; size: height and width of a panel."""
    from matplotlib.collections import LineCollection

    down, across = size[0] / 2, size[1] / 2
    corners = [(-across, -down), (across, -down), (across, down), (-across, down), (-across, -down)]
    places = [(x, y) for y in ys for x in xs][:count]
    lines = [[(x + a, y + b) for a, b in corners] for x, y in places]
    axes.add_collection(LineCollection(lines, colors=ink.edge, linewidths=0.6, clip_on=False))


def two_tone(linewidth: float = 1.4) -> dict[str, Any]:
    """A white line with a dark rim: it stands out on any picture, whatever its colours."""
    from matplotlib.patheffects import Normal, Stroke

    rim = [Stroke(linewidth=linewidth + min(2.2, 2 * linewidth), foreground="#111111"), Normal()]
    return {"linewidth": linewidth, "color": "#ffffff", "path_effects": rim}


def paint_sample(axes: Any, ink: Ink, raw: np.ndarray, top: float) -> None:
    """A sample as the data have it: an image [C H W], a sequence [L Q], a vector [D]."""
    if raw.ndim == 3:
        show_image(axes, raw.astype(np.float32), 0.0, float(top))
        framed(axes, ink)
    elif raw.ndim == 2:
        paint_steps(axes, ink, raw, "input")
        axes.set_xlabel("step")
    else:
        axes.bar(np.arange(len(raw)), raw, color=ink.lines[0])
        axes.set(xlabel="feature", ylabel="input")
        whole(axes.xaxis)


def paint_steps(axes: Any, ink: Ink, x: np.ndarray, label: str) -> None:
    """A sequence [L Q], steps to the right: lines where there are few features, else colours."""
    if x.shape[1] <= 3:
        for q in range(x.shape[1]):
            axes.plot(x[:, q], **line(ink, q))
        axes.set_ylabel(label)
        axes.set_xlim(-0.5, len(x) - 0.5)
    else:
        far = float(np.abs(x).max()) or 1.0
        low = -far if x.min() < 0 else 0.0
        cmap = ink.signed if low else ink.heat
        axes.imshow(x.T, cmap=cmap, vmin=low, vmax=far, aspect="auto", interpolation="nearest")
        axes.set_ylabel(f"{label}: feature\ncolours {'±' if low else '0 to '}{far:.3g}")
        whole(axes.yaxis)
    whole(axes.xaxis)
