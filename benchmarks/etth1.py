"""Claim: the default forecast of ETTh1 (336 steps to 96, all seven series) has a mean squared error
of at most 0.370 on standardised values. Trains it with five seeds.

    ETUDE_DATA=FOLDER python -m benchmarks.etth1
    ETUDE_DATA=FOLDER python -m benchmarks.etth1 --baselines    # their MSE, without training

ETTh1.csv (H. Zhou et al., "Informer", AAAI 2021; github.com/zhouhaoyi/ETDataset, CC BY-ND 4.0) is
read from FOLDER/etth1 and not distributed with this package. The split is the usual one: 8,640 rows
for training, 2,880 for validation and 2,880 for the test; mean and standard deviation are of the
training rows.
"""

import argparse
import json
import os
import statistics
import tempfile
from pathlib import Path

EXPECTED = 0.370
FIELDS = {
    "data.target": "*", "data.horizon": 96, "data.length": 336,
    "data.until": 14_400, "data.val": 2_880, "data.test": 2_880,
}  # fmt: skip


def place() -> Path:
    """The file in ETUDE_DATA, or in its folder etth1."""
    home = Path(os.environ.get("ETUDE_DATA", "."))
    found = [path for path in (home / "etth1" / "ETTh1.csv", home / "ETTh1.csv") if path.exists()]
    if not found:
        raise SystemExit("ETTh1.csv is neither in $ETUDE_DATA nor in $ETUDE_DATA/etth1")
    return found[0]


def play(path: Path, seed: int) -> dict[str, object]:
    """Train once and return the test metrics beside the baselines."""
    from etude import verbs

    with tempfile.TemporaryDirectory() as folder:
        run = verbs.train(
            "mlp", data=str(path), seed=seed, root=Path(folder), name=f"etth1-{seed}",
            quiet=True, **FIELDS,
        )  # fmt: skip
        test = {key: run.test[key] for key in ("mse", "mae", "mase")}
        scores = {kind: round(score, 4) for kind, score in run.baselines.scores.items()}
        return {"seed": seed, **test, "baselines_mae": scores, "seconds": round(run.seconds, 1)}


def baselines(path: Path) -> dict[str, dict[str, float]]:
    """The mean squared and absolute errors on the test split of the naive and linear forecasts that
    the product shows beside the network, on standardised values."""
    import numpy as np

    from etude import assembly, loading, registry
    from etude.recipe import draft

    asked = assembly.read_draft(draft("mlp", str(path), base=None, fields=FIELDS))
    data, _ = loading.dataset_of(asked)
    card, test = data.card, data.test
    task = registry.load("task", "forecast")(
        card.y_mean, card.y_std, card.unit, card.log, card.season, card.panel
    )
    found = task.guesses(data.train, test.x[:], test.y.shape[1])
    return {
        kind: {"mse": float(((y - test.y) ** 2).mean()), "mae": float(np.abs(y - test.y).mean())}
        for kind, y in found.items()
    }


def main() -> None:
    """Print one line for each seed, and whether the mean is as good as expected."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--baselines", action="store_true")
    asked = parser.parse_args()
    if asked.baselines:
        print(json.dumps(baselines(place())))
        return
    rows = []
    for seed in asked.seeds.split(","):
        rows.append(play(place(), int(seed)))
        print(json.dumps(rows[-1]), flush=True)
    every = [float(row["mse"]) for row in rows]  # type: ignore[arg-type]
    mean = statistics.mean(every)
    word = "met" if mean <= EXPECTED else "NOT met"
    ends = f"{min(every):.4f} .. {max(every):.4f}"
    print(f"MSE {mean:.4f} ({ends}), expected <= {EXPECTED}: {word}")


if __name__ == "__main__":
    main()
