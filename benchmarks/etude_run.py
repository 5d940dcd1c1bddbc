"""étude itself, in the form of a peer: the command `etude train`, with the networks of the peers.

    python benchmarks/etude_run.py --network cnn --epochs 1 --threads 2 -- precision=fp32

Words after `--` are given to `etude train` as they are. Validation is as small as étude allows (one
sample of each class), since no peer has any. Its loop has no first steps to leave out: with more
than one epoch the warm speed is that of the later ones, with one both speeds are of all.
"""

import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent
sys.path[:0] = [str(HOME.parent), str(HOME / "peers")]

import program  # noqa: E402

from benchmarks.programs import NETWORKS, TRAINING  # noqa: E402

WHOLE = 60_000

EXTRA = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
sys.argv = sys.argv[: sys.argv.index("--")] if "--" in sys.argv else sys.argv
given = program.words(__doc__, tuple(NETWORKS))

import contextlib  # noqa: E402
import io  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import tempfile  # noqa: E402

from etude import cli  # noqa: E402
from etude.locale.texts import Text, render  # noqa: E402


def data_words() -> list[str]:
    """The data set by name; fewer samples than all go by a file of them."""
    if given.samples >= WHOLE:
        return ["--data", "fashion-mnist"]
    import fashion
    import numpy as np

    x, y, x_test, y_test = fashion.read(given.samples)
    np.savez("some.npz", x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    return ["--data", "some.npz"]


def speeds(rows: list[dict]) -> dict[str, float]:
    """Samples a second from the run's own timing, a row an epoch."""

    def speed(some: list[dict]) -> float:
        return sum(row["samples"] for row in some) / sum(row["seconds"] for row in some)

    warm = rows[1:] or rows
    return {"samples_per_second": speed(warm), "samples_per_second_all": speed(rows)}


def main() -> None:
    """Train by the command, read what it left, report."""
    words = ["train", given.network, *data_words(), "--name", "run", "--json"]
    words += [*NETWORKS[given.network], *TRAINING, "data.val_fraction=0.000001"]
    words += [f"epochs={given.epochs}", f"batch_size={given.batch}", f"seed={given.seed}"]
    words += [f"threads={given.threads}", *EXTRA]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            cli.main(words)
        except SystemExit as left:
            if left.code:
                raise
    result = json.loads(said.getvalue().splitlines()[-1])
    run = Path(result["run"])
    rows = [json.loads(line) for line in (run / "timing.jsonl").read_text().splitlines()]
    quality = {k: v for k, v in result["test"].items() if k in ("accuracy", "reconstruction")}
    stored = json.loads((run / "provenance.json").read_text())["chosen"]
    chosen = render("en", Text.model_validate_json(json.dumps(stored)))
    packages = ("etude", "torch", "numpy")
    count = result["parameters"]
    program.report("etude", given, speeds(rows), quality, count, packages, chosen=chosen)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        here = os.getcwd()
        os.chdir(folder)
        main()
        os.chdir(here)
