"""Claim: no cost grows faster than it must: with data, width, depth, length of sequences, epochs.

    python -m benchmarks.growth --rounds 3
    python -m benchmarks.growth --only data,epochs
    python -m benchmarks.growth --table

data: an MLP on 10^4 to 10^7 made vectors of 64 bytes (memory-mapped from 256 MB on; at most 0.7 GB
on the disk, deleted after). width, depth: of an MLP, by its parameters. length: LSTM and
Transformer on sequences of 16 to 512 steps. epochs: 200 of them, and the slope of the memory that
the process holds. Cost: microseconds of training a sample, without the first epoch where there are
more. Before: imports, reading and checking the data; after: the test split, baseline, pictures.
Linux only.
"""

import math
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import common, programs, watched
from benchmarks.common import Results, Spread, shown, spread

KEY = ("axis", "model", "size")
AXES = ("data", "width", "depth", "length", "epochs")
SIZES = {
    "data": (10**4, 10**5, 10**6, 10**7),
    "width": (64, 128, 256, 512, 1024, 2048),
    "depth": (1, 2, 4, 8, 16, 32),
    "length": (16, 32, 64, 128, 256, 512),
    "epochs": (200,),
}
QUICK = {"data": (2000, 10_000), "width": (64, 128), "depth": (1, 4), "length": (8, 16),
         "epochs": (60,)}  # fmt: skip
MODELS = {"data": ("mlp",), "width": ("mlp",), "depth": ("mlp",), "length": ("lstm", "transformer"),
          "epochs": ("mlp", "cnn")}  # fmt: skip
SETTLED = 20
"""Epochs until buffers and caches have their size; the slope is of those after."""
LEAK = 0.02
"""Megabytes an epoch that the slope's interval must stay below."""
HEAD = ("axis", "model", "size", "µs a sample, median (min .. max)", "n", "parameters",
        "anonymous MB", "mapped MB", "s before", "s of training", "s after")  # fmt: skip


def asked(axis: str, model: str, size: int) -> tuple[list[str], dict[str, int]]:
    """(words for `etude train`, what data it needs)."""
    plain = ["optimizer=adam", "lr=0.001", "schedule=constant", "warmup=0", "clip=0"]
    if axis == "epochs":
        return [model, "--data", "digits", f"epochs={size}", *plain], {}
    data = ["--data", "."]
    if axis == "data":
        epochs = max(1, min(20, 10**6 // size))
        words = ["model.hidden=[64]", "model.dropout=0", "batch_size=1024", f"epochs={epochs}",
                 "data.val_fraction=0.001"]  # fmt: skip
        return [model, *data, *words, *plain], {"samples": size}
    if axis == "length":
        layers = "model.layers=1" if model == "lstm" else "model.depth=2"
        return [model, *data, layers, "batch_size=64", "epochs=2", *plain], {"length": size}
    hidden = [size, size] if axis == "width" else [256] * size
    words = [f"model.hidden={hidden}".replace(" ", ""), "model.dropout=0", "epochs=3"]
    return [model, *data, *words, "batch_size=128", *plain], {"samples": 20_000}


def measure(axis: str, model: str, size: int, quick: bool, extra: list[str]) -> dict[str, Any]:
    """One run in a folder of its own, with its data, deleted after."""
    words, needs = asked(axis, model, size)
    with tempfile.TemporaryDirectory(prefix="etude-growth-") as place:
        folder = Path(place)
        if "length" in needs:
            watched.sequences(folder, 256 if quick else 2048, needs["length"])
        elif needs:
            watched.vectors(folder, min(needs["samples"], 4000) if quick else needs["samples"])
        row = watched.train([*words, *extra], folder)
    return row if axis == "epochs" else {k: v for k, v in row.items() if k != "series"}


def order(axes: list[str], rounds: int, quick: bool) -> Iterator[tuple[int, tuple[str, str, int]]]:
    """(round, (axis, model, size)): sizes upwards, then downwards, and so on."""
    sizes = QUICK if quick else SIZES
    for axis in axes:
        cells = {
            f"{model} {size}": (axis, model, size) for model in MODELS[axis] for size in sizes[axis]
        }
        for number, name in programs.alternate(list(cells), rounds):
            yield number, cells[name]


def slope(series: list[list[float]]) -> tuple[float, float, float] | None:
    """Megabytes an epoch after the first ones, and its 95 % interval (Theil and Sen: the median of
    the slopes of all pairs, which a single step of the allocator does not move)."""
    from scipy.stats import theilslopes

    later = [(epoch, value) for epoch, value in series if epoch > SETTLED]
    if len(later) < 10:
        return None
    epochs, values = zip(*later)
    found = theilslopes(values, epochs, 0.95)
    return float(found.slope), float(found.low_slope), float(found.high_slope)


def exponent(sizes: list[float], costs: list[float]) -> float:
    """The power that the cost grows with: the slope of a line through the logarithms."""
    xs, ys = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
    above = sum((x - mx) * (y - my) for x, y in zip(xs, ys))
    return above / sum((x - mx) ** 2 for x in xs)


def cells(results: Results, axis: str, model: str) -> list[tuple[int, Spread | None]]:
    """(size, cost) of what was measured, the smallest first."""
    sizes = sorted({row["size"] for row in results.of(axis=axis, model=model)})
    return [
        (size, spread(results.values("us", axis=axis, model=model, size=size))) for size in sizes
    ]


def measured(results: Results) -> list[tuple[str, str]]:
    """(axis, model) of what was measured."""
    return [
        (axis, model)
        for axis in AXES
        for model in MODELS[axis]
        if results.of(axis=axis, model=model)
    ]


def table(results: Results) -> str:
    """A row a size; the powers; the slopes of memory."""
    rows = []
    for axis, model in measured(results):
        for size, cost in cells(results, axis, model):
            which = {"axis": axis, "model": model, "size": size}
            if cost is None:
                rows.append((axis, model, f"{size:,}", results.error(**which), *["-"] * 7))
                continue
            names = ("anonymous_mb", "file_mb", "seconds_before", "seconds_training",
                     "seconds_after")  # fmt: skip
            found = [spread(results.values(name, **which)) for name in names]
            more = [shown(each.median) if each else "-" for each in found]
            count = results.values("parameters", **which)[-1]
            rows.append((axis, model, f"{size:,}", cost, cost.n, f"{count:,}", *more))
    parts = [common.markdown(HEAD, rows), *powers(results)]
    return "\n\n".join([*parts, leaks(results), results.where()])


def powers(results: Results) -> list[str]:
    """A line for each axis that has two sizes or more: how cost grows with it."""
    lines = []
    for axis, model in measured(results):
        found = [(size, cost.median) for size, cost in cells(results, axis, model) if cost]
        if len(found) > 1:
            power = exponent([size for size, _ in found], [cost for _, cost in found])
            times = found[-1][1] / found[0][1]
            lines.append(
                f"- {axis}, {model}: from {found[0][0]:,} to {found[-1][0]:,} the cost of a sample "
                f"grows {times:.2f} times, by about the power {power:.2f}"
            )
    return ["\n".join(lines)] if lines else []


def leaks(results: Results) -> str:
    """The slope of memory in each long run, and whether its interval stays below the bar."""
    rows = []
    for row in results.of(axis="epochs"):
        found = slope(row.get("series", []))
        said = "too few epochs" if found is None else "{:+.4f} ({:+.4f} .. {:+.4f})".format(*found)
        met = common.verdict(found[2] if found else None, LEAK, at_least=False)
        rows.append((row["model"], row["size"], row.get("error", said), f"<= {LEAK}", met))
    head = ("model", "epochs", "MB an epoch, slope (95 %)", "bar", "met")
    return common.markdown(head, rows) if rows else ""


def draw(results: Results) -> None:
    """Six panels: cost and memory by data, cost by parameters, by length, memory by epochs."""
    from benchmarks.growth_picture import paint

    alt = "Cost a sample and memory as data, parameters, sequence length and epochs grow."
    common.save_picture(results, "Growth", alt, lambda f, i: paint(f, i, results), (9.6, 5.6))


def main() -> None:
    words, extra = common.divided(sys.argv[1:])
    parser = common.parser(__doc__, rounds=3)
    parser.add_argument("--only", default=",".join(AXES), help="axes, with commas")
    given = parser.parse_args(words)
    results = Results("growth", KEY, common.results_folder(given.quick))
    rounds = 0 if given.table else given.rounds
    for number, (axis, model, size) in order(given.only.split(","), rounds, given.quick):
        row = measure(axis, model, size, given.quick, extra)
        results.add({"axis": axis, "model": model, "size": size, "round": number, **row})
        said = row.get("us", row.get("error"))
        print(f"{axis} {model} {size} {number}: {said}", file=sys.stderr, flush=True)
    if results.rows:
        draw(results)
        print(table(results))


if __name__ == "__main__":
    main()
