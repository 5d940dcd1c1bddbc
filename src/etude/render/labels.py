"""Shorten and wrap labels so that they fit their panel.

Names of files and classes can have hundreds of letters, while a panel can be one inch wide. Widths
are measured in DejaVu Sans, the default font of matplotlib.
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from matplotlib import get_data_path
from PIL import ImageFont

DOTS = "\N{HORIZONTAL ELLIPSIS}"
EM = 100
"""Font size, in points, at which text is measured. Widths scale linearly from there."""


@lru_cache(1)
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), EM)


@lru_cache(4096)
def inches(text: str, size: float) -> float:
    """Width of one line of text at a font size in points."""
    # Hangul and other wide characters come from another font, in which each is one em wide.
    wide = [c for c in text if unicodedata.east_asian_width(c) in "WF"]
    plain = "".join(c for c in text if unicodedata.east_asian_width(c) not in "WF")
    # Pillow returns pixels at EM pixels per em; 72 points are one inch.
    return float((_font().getlength(plain) + EM * len(wide)) / EM * size / 72)


def plain(text: str) -> str:
    """Text on one line, without control characters, for which fonts have no glyph."""
    printable = (c if c.isprintable() else " " for c in text)
    return " ".join("".join(printable).split())


def short(text: str, width: float, size: float = 8.0) -> str:
    """Text on one line of at most `width` inches at a font size in points.

    Text that is too long is cut in the middle, because names of files and classes tend to differ at
    their beginning or at their end.
    """
    text = plain(text)
    if inches(text, size) <= width:
        return text
    # Bisection for the largest number of letters that fits; each measurement is slow.
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2  # rounded up, so that low = middle always makes progress
        if inches(_cut(text, middle), size) <= width:
            low = middle
        else:
            high = middle - 1
    return _cut(text, low)


def _cut(text: str, letters: int) -> str:
    head = (letters + 1) // 2
    # Not text[-n:], which is the whole text for n = 0.
    tail = text[len(text) - (letters - head) :]
    return f"{text[:head].rstrip()}{DOTS}{tail.lstrip()}"


def shorts(names: Sequence[str], width: float, size: float = 8.0) -> list[str]:
    """Each name shortened by `short`; names that become equal get their index as a prefix."""
    labels = [short(name, width, size) for name in names]
    count = Counter(labels)
    return [
        f"{index}: {short(names[index], width - inches(f'{index}: ', size), size)}"
        if count[name] > 1
        else name
        for index, name in enumerate(labels)
    ]


def wrapped(text: str, width: float, size: float = 8.0, rows: int = 3) -> str:
    """Text wrapped at spaces to at most `rows` lines of `width` inches.

    A word longer than a line is cut in the middle, and so is the rest of the text if it does not
    fit into the last line.
    """
    lines: list[str] = []
    words = plain(text).split(" ")
    for index, word in enumerate(words):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and inches(longer, size) <= width:
            lines[-1] = longer
        elif len(lines) < rows:
            lines.append(short(word, width, size))
        else:
            # The last line takes all remaining words at once, so that the cut shows their end.
            lines[-1] = short(" ".join((lines[-1], *words[index:])), width, size)
            break
    return "\n".join(lines)
