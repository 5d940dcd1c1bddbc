"""Many small pictures as one: a sheet is drawn in a tenth of the time that an axes each takes."""

from typing import Any

import numpy as np

from etude.draw.style import Ink, line, show_image


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


def paint_sample(axes: Any, ink: Ink, raw: np.ndarray, top: float) -> None:
    """A sample as the data have it: an image [C H W], a sequence [L Q], a vector [D]."""
    if raw.ndim == 3:
        show_image(axes, raw.astype(np.float32), 0.0, float(top))
    elif raw.ndim == 2:
        for index in range(min(raw.shape[1], 12)):
            axes.plot(raw[:, index], **line(ink, index))
        axes.set(xlabel="step", ylabel="input")
    else:
        axes.bar(np.arange(len(raw)), raw, color=ink.lines[0])
        axes.set(xlabel="feature", ylabel="input")
