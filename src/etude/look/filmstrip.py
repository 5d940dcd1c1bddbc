"""Learning to generate, as a film: the same noise drawn after each epoch."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from etude.draw.style import Ink, Picture, picture, show_image

ROWS = 10
COLUMNS = 12
FRAMES = 40
FRAME_MS = 250
LAST_MS = 2500


def filmstrip(frames: Sequence[tuple[int, np.ndarray]]) -> Picture:
    """frames: (step, samples [n C H W] uint8) over time. A row a moment, a column a noise."""
    chosen = np.unique(np.geomspace(1, len(frames), min(ROWS, len(frames))).round().astype(int) - 1)
    rows = [frames[i] for i in chosen]

    def paint(figure: Any, ink: Ink) -> None:
        columns = min(COLUMNS, len(rows[0][1]))
        grid = figure.subplots(len(rows), columns, squeeze=False, gridspec_kw={"hspace": 0.03})
        for line, (index, (_, samples)) in zip(grid, zip(chosen, rows)):
            for axes, sample in zip(line, samples):
                show_image(axes, sample, 0, 255)
            word = "start" if index == 0 else f"epoch {index}"
            line[0].set_ylabel(word, rotation=0, ha="right", va="center", fontsize=8)

    alt = f"The same {COLUMNS} draws of noise decoded at {len(rows)} moments of training."
    return picture("filmstrip", "Learning from noise", alt, paint, (7.6, 0.3 + 0.58 * len(rows)))


def pairs(originals: np.ndarray, again: np.ndarray) -> Picture:
    """Originals above their reconstructions, each [n C H W] uint8."""

    def paint(figure: Any, ink: Ink) -> None:
        grid = figure.subplots(2, len(originals), squeeze=False)
        for line, images, word in zip(grid, (originals, again), ("original", "decoded")):
            for axes, image in zip(line, images):
                show_image(axes, image, 0, 255)
            line[0].set_ylabel(word, rotation=0, ha="right", va="center", fontsize=8)

    return picture(
        "reconstructions",
        "Coded and decoded",
        "Validation images and their copies.",
        paint,
        (7.6, 1.9),
    )


def tiled(samples: np.ndarray, columns: int, zoom: int) -> np.ndarray:
    """Samples [n C H W] uint8 side by side as one picture [H W C]."""
    count, channels, height, width = samples.shape
    rows = -(-count // columns)
    sheet = np.zeros((rows * columns, channels, height, width), np.uint8)
    sheet[:count] = samples
    whole = (
        sheet.reshape(rows, columns, channels, height, width)
        .transpose(0, 3, 1, 4, 2)
        .reshape(rows * height, columns * width, channels)
    )
    return whole.repeat(zoom, 0).repeat(zoom, 1)


def animation(frames: Sequence[tuple[int, np.ndarray]]) -> bytes:
    """The film as an animated PNG of at most FRAMES moments, its last one held."""
    from PIL import Image

    moments = np.unique(np.linspace(0, len(frames) - 1, FRAMES).round().astype(int))
    frames = [frames[i] for i in moments]
    side = frames[0][1].shape[-1]
    zoom = max(1, 32 // side)
    sheets = [tiled(samples, 8, zoom) for _, samples in frames]
    pages = [Image.fromarray(s[..., 0] if s.shape[2] == 1 else s) for s in sheets]
    buffer = io.BytesIO()
    times = [FRAME_MS] * (len(pages) - 1) + [LAST_MS]
    pages[0].save(
        buffer, format="PNG", save_all=True, append_images=pages[1:], duration=times, loop=0
    )
    return buffer.getvalue()
