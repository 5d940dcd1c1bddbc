"""Images as sheets, and learning to generate as a film: the same noise after each epoch."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

FRAMES = 40
FRAME_MS = 350
FIRST_MS, LAST_MS = 1200, 4000
"""The first frame, the noise that all starts from, and the last stand still for a while."""
SIDE, LABEL = 48, 22
"""Pixels: least side of an image, and height of the line with the epoch."""
GROUND, INK = "#16181d", "#e8e8e8"
"""A screen that is dark on every page."""


def tiled(
    samples: np.ndarray, columns: int, zoom: int, gap: int = 0, ground: int = 0
) -> np.ndarray:
    """Samples [n C H W] uint8 side by side as one picture [H W C], with `gap` pixels of a grey
    level `ground` around each."""
    samples = samples.repeat(zoom, 2).repeat(zoom, 3)
    count, channels, height, width = samples.shape
    rows = -(-count // columns)
    down, across = height + gap, width + gap
    sheet = np.full((rows * down + gap, columns * across + gap, channels), ground, np.uint8)
    for index, sample in enumerate(samples):
        y, x = (gap + k * step for k, step in zip(divmod(index, columns), (down, across)))
        sheet[y : y + height, x : x + width] = sample.transpose(1, 2, 0)
    return sheet


def animation(frames: Sequence[tuple[int, np.ndarray]]) -> bytes:
    """The film as an animated PNG of at most FRAMES moments: frame k of `frames` is after epoch k,
    which is written above it. The first and the last are held."""
    from PIL import Image

    moments = np.unique(np.linspace(0, len(frames) - 1, FRAMES).round().astype(int))
    zoom = max(1, SIDE // frames[0][1].shape[-1])
    pages = []
    for epoch in moments:
        sheet = tiled(frames[epoch][1], 8, zoom, gap=4, ground=int(GROUND[1:3], 16))
        page = Image.fromarray(sheet[..., 0] if sheet.shape[2] == 1 else sheet)
        pages.append(_labelled(page, _said(int(epoch), len(frames) - 1)))
    buffer = io.BytesIO()
    times = [FIRST_MS, *[FRAME_MS] * (len(pages) - 2), LAST_MS][-len(pages) :]
    pages[0].save(
        buffer, format="PNG", save_all=True, append_images=pages[1:], duration=times, loop=0
    )
    return buffer.getvalue()


def _said(epoch: int, epochs: int) -> str:
    return f"epoch {epoch} of {epochs}" if epoch else f"before training (epoch 0 of {epochs})"


def _labelled(page: Any, text: str) -> Any:
    """A page with a line of text above it."""
    from matplotlib import get_data_path
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(str(Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), 13)
    whole = Image.new(page.mode, (page.width, page.height + LABEL), GROUND)
    whole.paste(page, (0, LABEL))
    ImageDraw.Draw(whole).text((5, LABEL / 2 + 1), text, fill=INK, font=font, anchor="lm")
    return whole
