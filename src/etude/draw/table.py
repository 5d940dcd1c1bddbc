"""A table as a picture: columns of text, numbers to the right."""

from collections.abc import Sequence
from typing import Any

from etude.draw.style import Ink

ROW = 0.19
"""Height of a row, in inches."""
LETTER = 0.073
"""Width of a letter at the size used, in inches."""


def table_size(rows: Sequence[Sequence[str]]) -> tuple[float, float]:
    """Width and height in inches of a table (head first)."""
    return LETTER * sum(_widths(rows)) + 0.2, ROW * (len(rows) + 1)


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) + 2 for column in zip(*rows)]


def paint_table(figure: Any, ink: Ink, rows: Sequence[Sequence[str]], left: int = 1) -> None:
    """Draw rows, head first; the first `left` columns are words. A column is one text, because a
    text a cell would take a hundred times as long."""
    widths, total = _widths(rows), sum(_widths(rows))
    figure.set_layout_engine("none")  # the sizes are known
    axes = figure.add_axes((0.01, 0.01, 0.98, 0.98))
    axes.set_axis_off()
    axes.set(xlim=(0, total), ylim=(len(rows), 0))
    at = 0
    letters = {"family": "monospace", "fontsize": 8.5, "va": "center"}
    for index, (column, width) in enumerate(zip(zip(*rows), widths)):
        words = index < left
        x, side = (at, "left") if words else (at + width - 2, "right")
        for row, cell in enumerate(column):
            weight = "bold" if row == 0 else "normal"
            axes.text(x, row + 0.5, cell, ha=side, weight=weight, **letters)
        at += width
    axes.axhline(1, color=ink.faint, linewidth=1)
