"""Claim: checkpoints take at most 3 % of training time (Fashion-MNIST CNN, default interval).

    python benchmarks/commit.py

Trains two epochs of the recipe fashion-cnn and times every commit, with its fsyncs, and the pruning
after it; prints the median of a commit and the share of training that all of them took.
"""

import statistics
import tempfile
import time
from pathlib import Path

from etude import verbs
from etude.runs.folder import RunFolder

RECIPE = Path(__file__).resolve().parent.parent / "recipes" / "fashion-cnn.json"


def main() -> None:
    """Print one line."""
    times = []

    def timed(name: str) -> None:
        plain = getattr(RunFolder, name)

        def measured(*args: object, **options: object) -> object:
            began = time.perf_counter()
            found = plain(*args, **options)
            times.append((name, time.perf_counter() - began))
            return found

        setattr(RunFolder, name, measured)

    timed("commit")
    timed("settle")
    with tempfile.TemporaryDirectory(dir=".") as folder:
        run = verbs.train(str(RECIPE), epochs=2, root=Path(folder), name="run")
        bytes_each = sum(
            p.stat().st_size for p in next((run.path / "checkpoints").iterdir()).iterdir()
        )
        total = sum(seconds for _, seconds in times)
        commits = [seconds for name, seconds in times if name == "commit"]
        print(
            f"{len(commits)} commits of {bytes_each:,} bytes, median "
            f"{1000 * statistics.median(commits):.0f} ms (largest {1000 * max(commits):.0f}); "
            f"{total:.2f} s of {run.seconds:.1f} s of training: {total / run.seconds:.2%}"
        )


if __name__ == "__main__":
    main()
