"""Claim: a CSV of 1 GB is read and trained on within 2 GB of memory.

    python -m benchmarks.large_tables
    python -m benchmarks.large_tables --sizes 20,100 --rows 100000

A CSV file of 10 decimals, 4 whole numbers, 4 categories, a truth value and a date. Reading: CPU
seconds of étude's reader beside those of Python's `csv.reader` alone, in one process. Training: one
epoch of an MLP in a process of its own; its wall time, and its peak of resident memory beside the
size of the file and the memory of the imported libraries. Rows: the same for few columns and many
rows.
"""

import csv
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.common import markdown, parser

MEGA = 1_000_000
CHUNK = 10_000
IMPORTED = "import etude, sklearn.ensemble, etude.inference.run, etude.pipeline"
PEAK = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
TRAIN = """
import sys, etude
etude.train("mlp", data=sys.argv[1], epochs=1, quiet=True, batch_size=4096, save=False)
"""
DAYS = np.arange(np.datetime64("2015-01-01"), np.datetime64("2023-01-01")).astype(str)
LEVELS = (5, 20, 50, 200)


def wide(draw: np.random.Generator) -> list[np.ndarray]:
    """Some rows of the table, by column, as texts."""
    decimals = [np.char.mod("%.6f", draw.normal(size=CHUNK)) for _ in range(10)]
    whole = [draw.integers(0, top, CHUNK).astype(str) for top in (100, 1000, 50, 100_000)]
    words = [np.char.add("level", draw.integers(0, top, CHUNK).astype(str)) for top in LEVELS]
    rest = [draw.choice(["no", "yes"], CHUNK), draw.choice(DAYS, CHUNK)]
    return [*decimals, *whole, *words, *rest, draw.choice(["a", "b"], CHUNK)]


def narrow(draw: np.random.Generator) -> list[np.ndarray]:
    """Some rows of a table of three numbers."""
    numbers = [np.char.mod("%.4f", draw.normal(size=CHUNK)) for _ in range(3)]
    return [*numbers, draw.choice(["a", "b"], CHUNK)]


def write(path: Path, some, *, size: int = 0, rows: int = 0) -> None:
    """Write a table of at least `size` bytes or `rows` rows."""
    draw = np.random.default_rng(0)
    with path.open("w", encoding="utf-8") as file:
        count = 0
        while file.tell() < size or count < rows:
            columns = some(draw)
            if not count:
                file.write(",".join([*(f"x{i}" for i in range(len(columns) - 1)), "y"]) + "\n")
            file.writelines(",".join(row) + "\n" for row in zip(*columns, strict=True))
            count += CHUNK


def parsing(path: Path) -> float:
    """CPU seconds of `csv.reader` alone."""
    began = time.process_time()
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        while list(islice(reader, 2048)):
            pass
    return time.process_time() - began


def reading(path: Path) -> float:
    """CPU seconds of étude's reader."""
    from etude.data.tabular import reader
    from etude.data.tabular.dialect import Reading

    began = time.process_time()
    reader.read(path, Reading(), None)
    return time.process_time() - began


def peak(code: str, *arguments: str) -> tuple[int, float]:
    """Peak of resident memory in MB and wall seconds of a process that runs this code."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", f"{IMPORTED}\n{code}\n{PEAK}", *arguments],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(done.stdout.split()[-1]) // 1024, time.perf_counter() - began


def main() -> None:
    options = parser(__doc__, 1)
    options.add_argument("--sizes", default="20,100,227,1000", help="MB of the wide table")
    options.add_argument("--rows", default="1000000,10000000", help="rows of the narrow table")
    chosen = options.parse_args()
    if chosen.quick:
        chosen.sizes, chosen.rows = "1", "10000"
    (libraries, _), found = peak("pass"), []
    print(f"the imported libraries alone: {libraries} MB\n")
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        path = Path(folder, "table.csv")
        shapes = [("size", wide, int(mb) * MEGA) for mb in chosen.sizes.split(",") if mb]
        shapes += [("rows", narrow, int(rows)) for rows in chosen.rows.split(",") if rows]
        for what, some, amount in shapes:
            write(path, some, **{what: amount})
            alone, ours = parsing(path), reading(path)
            size, (most, took) = path.stat().st_size / MEGA, peak(TRAIN, str(path))
            row = (what, f"{amount:,}", f"{size:,.0f}", f"{ours:.1f}", f"{ours / alone:.1f}",
                   f"{took:.0f}", most, most - libraries)  # fmt: skip
            print(*row, flush=True)  # the largest takes many minutes
            found.append(row)
    head = ("by", "amount", "MB", "reader CPU s", "times csv.reader", "run wall s", "peak MB",
            "above libraries")  # fmt: skip
    print(markdown(head, found))


if __name__ == "__main__":
    main()
