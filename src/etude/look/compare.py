"""Many runs side by side: curves laid over each other, functions on the same data."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from etude.draw.style import Ink, Picture, line, log_scale, picture

Rows = Sequence[Mapping[str, Any]]


def overlaid(members: Mapping[str, Rows], goal: str, warning: str) -> Picture:
    """Validation goal and training loss of several runs by epoch; `warning` stands on it."""

    def paint(figure: Any, ink: Ink) -> None:
        left, right = figure.subplots(1, 2)
        for i, (name, rows) in enumerate(members.items()):
            epochs = [row["epoch"] for row in rows]
            phase = next(iter(rows[0]["train"]))
            losses = [row["train"][phase]["loss"] for row in rows]
            left.plot(epochs, losses, label=name, **line(ink, i))
            right.plot(epochs, [row["val"][goal] for row in rows], label=name, **line(ink, i))
        left.set(xlabel="epoch", ylabel="training loss", title="training loss")
        log_scale(left.yaxis)
        right.set(xlabel="epoch", ylabel=goal, title=f"validation {goal}")
        right.legend()
        if warning:
            figure.supxlabel(warning, fontsize=8)

    alt = f"Training loss and validation {goal} by epoch for {', '.join(members)}."
    return picture("curves", "Side by side", alt, paint, (7.6, 3.2))


def functions(
    x: np.ndarray,
    y: np.ndarray,
    lines: Mapping[str, tuple[np.ndarray, np.ndarray]],
    unit: str,
    warning: str = "",
) -> Picture:
    """Test data x, y [n] of one variable, and each run's function as (x, y) over a grid; `warning`
    stands on it."""

    def paint(figure: Any, ink: Ink) -> None:
        axes = figure.subplots()
        axes.scatter(x, y, s=6, color=ink.lines[-1], alpha=0.5, label="test data", linewidths=0)
        for i, (name, (grid, values)) in enumerate(lines.items()):
            axes.plot(grid, values, label=name, **line(ink, i))
        axes.set(xlabel="x", ylabel=unit, title="fitted function")
        axes.legend(ncols=2)
        if warning:
            figure.supxlabel(warning, fontsize=8)

    alt = f"The function fitted by {', '.join(lines)} over {len(x)} test points."
    return picture("fitted", "The fitted function", alt, paint)
