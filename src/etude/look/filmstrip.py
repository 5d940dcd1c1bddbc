"""Images as sheets, and learning to generate as a film: the same noise after each epoch."""

import io
from collections.abc import Sequence

import numpy as np

FRAMES = 40
FRAME_MS = 250
LAST_MS = 2500


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
