"""Tile images into one sheet, and animate training: images of the same noise after each epoch."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from etude.locale.texts import Lang, say

FRAMES = 40
FRAME_MS = 350
FIRST_MS, LAST_MS = 1200, 4000
"""Durations in milliseconds; the first frame (before training) and the last stay longer."""
SIDE, LABEL = 48, 22
"""In pixels: smallest side of an image, and height of the text line with the epoch."""
GROUND, INK = "#16181d", "#e8e8e8"
"""Colours of the animation, which is dark on a light page too."""


def tiled(
    samples: np.ndarray, columns: int, zoom: int, gap: int = 0, ground: int = 0
) -> np.ndarray:
    """Samples [n C H W] uint8 in a grid, as one image [H W C].

    zoom: integer factor of enlargement; gap: pixels around each sample, of grey level `ground`.
    """
    samples = samples.repeat(zoom, 2).repeat(zoom, 3)
    count, channels, height, width = samples.shape
    rows = -(-count // columns)  # rounded up
    down, across = height + gap, width + gap
    sheet = np.full((rows * down + gap, columns * across + gap, channels), ground, np.uint8)
    for index, sample in enumerate(samples):
        y, x = (gap + k * step for k, step in zip(divmod(index, columns), (down, across)))
        sheet[y : y + height, x : x + width] = sample.transpose(1, 2, 0)
    return sheet


def animation(frames: Sequence[tuple[int, np.ndarray]], lang: Lang = "en") -> bytes:
    """An animated PNG of at most FRAMES frames, evenly spaced over training.

    frames: (epoch, images [n C H W] uint8) for epochs 0, 1, ...; the epoch is written above the
    images, in English if no font here can write `lang`. The first and the last frame stay longer.
    """
    # Here, because verbs that draw nothing load this module and should not wait for matplotlib.
    from etude.render import fonts

    # With fewer epochs than FRAMES, rounded positions repeat; unique leaves each of them once.
    moments = np.unique(np.linspace(0, len(frames) - 1, FRAMES).round().astype(int))
    zoom = max(1, SIDE // frames[0][1].shape[-1])
    pages = []
    for epoch in moments:
        # A grey sheet has one channel, so its gaps have one level: the red of GROUND.
        sheet = tiled(frames[epoch][1], 8, zoom, gap=4, ground=int(GROUND[1:3], 16))
        page = Image.fromarray(sheet[..., 0] if sheet.shape[2] == 1 else sheet)
        key = "film.epoch" if epoch else "film.start"
        text = say(fonts.language(lang), key, epoch=epoch, epochs=len(frames) - 1)
        pages.append(_with_text(page, text, fonts.pillow_font(text, 13)))
    buffer = io.BytesIO()
    # The slice at the end drops FIRST_MS if there is one page only.
    times = [FIRST_MS, *[FRAME_MS] * (len(pages) - 2), LAST_MS][-len(pages) :]
    pages[0].save(
        buffer, format="PNG", save_all=True, append_images=pages[1:], duration=times, loop=0
    )
    return buffer.getvalue()


def _with_text(page: Image.Image, text: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    """The image `page` with a line of text above it."""
    whole = Image.new(page.mode, (page.width, page.height + LABEL), GROUND)
    whole.paste(page, (0, LABEL))
    ImageDraw.Draw(whole).text((5, LABEL / 2 + 1), text, fill=INK, font=font, anchor="lm")
    return whole
