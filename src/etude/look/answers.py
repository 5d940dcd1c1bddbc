"""What a run says of its test data: confusions, mistakes, the fitted function, forecasts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from etude.draw.style import Ink, Picture, line, picture, show_image

SHOWN = 12


def confusion(matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> Picture:
    """Counts of true class (down) against the class said (across)."""
    counts = np.array(matrix)
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)

    def paint(figure: Any, ink: Ink) -> None:
        axes = figure.subplots()
        axes.imshow(share, cmap=ink.heat, vmin=0, vmax=1)
        ticks = range(len(classes))
        many = max(map(len, classes)) > 3
        turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        axes.set_xticks(ticks, classes, **(turned if many else {}))
        axes.set_yticks(ticks, classes)
        axes.set(xlabel="said", ylabel="true", title="test samples")
        light_is_high = ink.heat == "cividis"
        for (row, column), count in np.ndenumerate(counts) if len(classes) <= 20 else ():
            strong = share[row, column] > 0.5
            color = "#111111" if strong == light_is_high else "#f4f4f4"
            if count:
                axes.text(column, row, count, ha="center", va="center", color=color, fontsize=8)

    side = min(3.4 + 0.16 * len(classes), 9)
    alt = f"Confusion matrix of {counts.sum()} test samples."
    return picture("confusion", "What it confuses", alt, paint, (side + 0.6, side))


def mistakes(
    images: np.ndarray,
    true: np.ndarray,
    logits: np.ndarray,
    classes: Sequence[str],
) -> Picture | None:
    """The surest wrong answers: images [n C H W], true class [n], logits [n D]. None if there are
    none."""
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    sure = shifted / shifted.sum(1, keepdims=True)
    said = sure.argmax(1)
    wrong = np.flatnonzero(said != true)
    if not len(wrong):
        return None
    worst = wrong[np.argsort(-sure[wrong, said[wrong]], kind="stable")][:SHOWN]

    def paint(figure: Any, ink: Ink) -> None:
        panels = figure.subplots(2, SHOWN // 2).ravel()
        for axes in panels[len(worst) :]:
            axes.set_axis_off()
        for axes, i in zip(panels, worst):
            show_image(axes, images[i].astype(np.float32), float(images.min()), float(images.max()))
            words = f"{classes[said[i]]} ({sure[i, said[i]]:.0%})\ntrue: {classes[true[i]]}"
            axes.set_title(words, fontsize=8, loc="center")
            axes.set_xlabel(f"test {i}", fontsize=7)

    alt = f"The {len(worst)} surest of {len(wrong)} mistakes on {len(true)} test samples."
    return picture("mistakes", "Its surest mistakes", alt, paint, (7.6, 3.6))


def fitted(
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


def forecast(
    before: np.ndarray,
    true: np.ndarray,
    found: Mapping[str, np.ndarray],
    unit: str,
    title: str,
) -> Picture:
    """What was shown [L], what came [D], and what each forecaster said [D]."""
    ahead = np.arange(1, len(true) + 1)

    def paint(figure: Any, ink: Ink) -> None:
        axes = figure.subplots()
        axes.plot(np.arange(1 - len(before), 1), before, color=ink.text, label="shown")
        axes.plot(ahead, true, color=ink.text, marker="o", markersize=3, label="what came")
        for i, (name, values) in enumerate(found.items()):
            axes.plot(ahead, values, label=name, **line(ink, i))
        axes.axvline(0.5, color=ink.faint, linewidth=1)
        axes.set(xlabel="steps from now", ylabel=unit, title=title)
        axes.legend()

    alt = f"Forecasts by {', '.join(found)} beside what came, {title}."
    return picture("forecast", "A forecast", alt, paint, (7.2, 3.4))
