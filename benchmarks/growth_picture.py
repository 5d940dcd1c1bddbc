"""The picture of growth.py: cost and memory as data, parameters, length and epochs grow."""

from typing import Any

from benchmarks.common import Results, spread
from etude.render.style import Ink, line
from etude.render.ticks import log_scale

COST = "µs a sample"
MEMORY = "resident MB"


def lines(axes: Any, ink: Ink, index: int, points: list, label: str) -> None:
    """Medians as a line, least to most as bars; points: (x, Spread)."""
    points = [(x, each) for x, each in points if each]
    if not points:
        return
    xs, medians = [x for x, _ in points], [each.median for _, each in points]
    below = [each.median - each.low for _, each in points]
    above = [each.high - each.median for _, each in points]
    style = line(ink, index)
    axes.errorbar(xs, medians, [below, above], marker="os^D"[index], markersize=4, capsize=2,
                  label=label, **style)  # fmt: skip


def of(results: Results, axis: str, model: str, what: str, by: str = "size") -> list:
    """(x, Spread) of one number along an axis."""
    rows = [row for row in results.of(axis=axis, model=model) if what in row]
    xs = sorted({row[by] for row in rows})
    return [(x, spread(row[what] for row in rows if row[by] == x)) for x in xs]


def named(axes: Any, x: str, y: str, title: str, scales: str) -> None:
    """Labels, a scale by powers of ten for each letter of `scales`, a legend if there are names."""
    axes.set(xlabel=x, ylabel=y)
    axes.set_title(title)
    for letter in scales if axes.has_data() else "":
        log_scale(axes.xaxis if letter == "x" else axes.yaxis)
    if "y" not in scales:
        axes.set_ylim(bottom=0)
    if len(axes.get_legend_handles_labels()[1]) > 1:
        axes.legend()


def paint(figure: Any, ink: Ink, results: Results) -> None:
    """All panels."""
    (a, b, c), (d, e, f) = figure.subplots(2, 3)
    lines(a, ink, 0, of(results, "data", "mlp", "us"), "MLP")
    named(a, "training samples", COST, "cost by data", "x")
    lines(b, ink, 0, of(results, "data", "mlp", "anonymous_mb"), "anonymous")
    lines(b, ink, 1, of(results, "data", "mlp", "file_mb"), "mapped files")
    named(b, "training samples", MEMORY, "memory by data", "x")
    for index, axis in enumerate(("width", "depth")):
        lines(c, ink, index, of(results, axis, "mlp", "us", "parameters"), f"MLP, {axis}")
        lines(d, ink, index, of(results, axis, "mlp", "anonymous_mb", "parameters"), axis)
    named(c, "parameters", COST, "cost by parameters", "xy")
    named(d, "parameters", MEMORY, "memory by parameters", "x")
    for index, model in enumerate(("lstm", "transformer")):
        lines(e, ink, index, of(results, "length", model, "us"), model)
    named(e, "steps of a sequence", COST, "cost by length", "xy")
    sizes = sorted({row["size"] for row in results.of(axis="length")})
    e.set_xticks(sizes, map(str, sizes))  # doubled each time: those between would be set too close
    e.set_xticks([], minor=True)
    for index, model in enumerate(("mlp", "cnn")):
        rows = [row for row in results.of(axis="epochs", model=model) if row.get("series")]
        for number, row in enumerate(rows):
            xs, ys = zip(*row["series"])
            f.plot(xs, ys, label="" if number else model, **line(ink, index))
    named(f, "epochs", MEMORY, "anonymous memory by epochs", "")
