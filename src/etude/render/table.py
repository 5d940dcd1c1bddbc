"""Draw a table as a picture: text columns on the left, number columns aligned to the right.

Pillow draws it, in a twentieth of the time that matplotlib takes for that many letters.
"""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from etude.render import fonts, style
from etude.render.labels import short
from etude.render.style import INKS, Ink, Picture, packed

ROW, SIZE, EDGE, GAP = 0.19, 0.118, 0.1, 0.142
"""In inches: height of a row, font size, margin, and space between columns."""
BASE = 0.93
"""Distance of the baseline from the top of a row, in font sizes."""
MOST = 3.2
"""Largest width of a cell in inches; a longer text is cut in the middle."""


def table_picture(
    name: str, title: str, alt: str, rows: Sequence[Sequence[str]], left: int = 1
) -> Picture:
    """A table as a picture. rows: the head first; left: number of text columns, aligned left."""
    cells = [[short(cell, MOST, 72 * SIZE) for cell in row] for row in rows]
    return Picture(name, title, alt, *(_paint(cells, left, INKS[g]) for g in ("light", "dark")))


def _paint(rows: list[list[str]], left: int, ink: Ink) -> bytes:
    chosen = [[_font(cell, head=index == 0) for cell in row] for index, row in enumerate(rows)]
    sizes = [[font.getlength(cell) for cell, font in zip(*each)] for each in zip(rows, chosen)]
    widths = [max(column) for column in zip(*sizes)]
    height, edge, gap = ROW * style.DPI, EDGE * style.DPI, GAP * style.DPI
    width = round(sum(widths) + gap * (len(widths) - 1) + 2 * edge)
    image = Image.new("RGB", (width, round(height * (len(rows) + 0.8))), ink.paper)
    pen = ImageDraw.Draw(image)
    for index, (row, own) in enumerate(zip(rows, chosen)):
        # 0.3 rows of space below the head, for the rule. Letters are placed by their baseline,
        # because two fonts in one row differ in their height.
        x, y = edge, height * (0.3 + index + (0.3 if index else 0)) + BASE * SIZE * style.DPI
        for place, (cell, font, room) in enumerate(zip(row, own, widths)):
            at, anchor = (x, "ls") if place < left else (x + room, "rs")
            pen.text((at, y), cell, fill=ink.text, font=font, anchor=anchor)
            x += room + gap
    pen.line((edge, 1.35 * height, width - edge, 1.35 * height), fill=ink.faint, width=2)
    return packed(image)


def _font(text: str, head: bool) -> ImageFont.FreeTypeFont:
    size, weight = round(SIZE * style.DPI), "bold" if head else "normal"
    return fonts.pillow_font(text, size, "DejaVu Sans Mono", weight)
