"""Text that fits: names of files and classes may have hundreds of letters, a panel is an inch wide.

Widths are measured in the font that matplotlib draws with (DejaVu Sans).
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

DOTS = "\N{HORIZONTAL ELLIPSIS}"
EM = 100
"""Points that the font is measured at."""


@lru_cache(1)
def _font() -> Any:
    from matplotlib import get_data_path
    from PIL import ImageFont

    return ImageFont.truetype(str(Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), EM)


@lru_cache(4096)
def inches(text: str, size: float) -> float:
    """Width of one line of text at a font size in points."""
    # Hangul and the like come from another font, in which each is one em wide.
    wide = [c for c in text if unicodedata.east_asian_width(c) in "WF"]
    plain = "".join(c for c in text if unicodedata.east_asian_width(c) not in "WF")
    return float((_font().getlength(plain) + EM * len(wide)) / EM * size / 72)


def plain(text: str) -> str:
    """Text on one line, without control characters, which no font can draw."""
    printable = (c if c.isprintable() else " " for c in text)
    return " ".join("".join(printable).split())


def short(text: str, width: float, size: float = 8.0) -> str:
    """Text on one line of at most `width` inches: what is too long is cut in the middle, because
    names of files and classes tend to differ at both ends."""
    text = plain(text)
    if inches(text, size) <= width:
        return text
    low, high = 0, len(text)  # the most letters that fit, by bisection
    while low < high:
        middle = (low + high + 1) // 2
        if inches(_cut(text, middle), size) <= width:
            low = middle
        else:
            high = middle - 1
    return _cut(text, low)


def _cut(text: str, letters: int) -> str:
    head = (letters + 1) // 2
    tail = text[len(text) - (letters - head) :]
    return f"{text[:head].rstrip()}{DOTS}{tail.lstrip()}"


def shorts(names: Sequence[str], width: float, size: float = 8.0) -> list[str]:
    """Names as `short` makes them; those that would look alike get their place in the list."""
    found = [short(name, width, size) for name in names]
    count = Counter(found)
    return [
        f"{index}: {short(names[index], width - inches(f'{index}: ', size), size)}"
        if count[name] > 1
        else name
        for index, name in enumerate(found)
    ]


def wrapped(text: str, width: float, size: float = 8.0, rows: int = 3) -> str:
    """Text on at most `rows` lines of `width` inches; a word longer than a line, and what does not
    fit into the last line, is cut in the middle."""
    lines: list[str] = []
    words = plain(text).split(" ")
    for index, word in enumerate(words):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and inches(longer, size) <= width:
            lines[-1] = longer
        elif len(lines) < rows:
            lines.append(short(word, width, size))
        else:
            lines[-1] = short(" ".join((lines[-1], *words[index:])), width, size)
            break
    return "\n".join(lines)
