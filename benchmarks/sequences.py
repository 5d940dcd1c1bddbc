"""Claim: LSTM, Transformer and CNN by default are near published results on three UCR/UEA sets.

    ETUDE_DATA=FOLDER python -m benchmarks.sequences --seeds 0,1,2,3,4
    ETUDE_DATA=FOLDER python -m benchmarks.sequences --only GunPoint --models lstm --seeds 0

ItalyPowerDemand, JapaneseVowels and GunPoint in FOLDER/ucr/NAME, in any format that étude reads, by
their official split. A seed draws the validation split and the weights. Beside the mean accuracy
are the ROCKET ridge of the report and published accuracies, which are from memory: 1-NN with DTW
and ROCKET, by A. Bagnall et al., "The great time series classification bake off", 2017, A. Dempster
et al., "ROCKET", 2020, and A. P. Ruiz et al., "The great multivariate time series classification
bake off", 2021. NEAR says what is near.
"""

import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common import MET, MISSED, Results, Row, markdown, parser, results_folder, spread

KEY = ("data", "model", "seed")
MODELS = ("lstm", "transformer", "cnn")
PUBLISHED = {
    "ItalyPowerDemand": {"1-NN DTW": 0.950, "ROCKET": 0.969},
    "JapaneseVowels": {"1-NN DTW": 0.949, "ROCKET": 0.986},
    "GunPoint": {"1-NN DTW": 0.907, "ROCKET": 1.000},
}
"""From memory, not read again: to be checked before they are quoted."""
NEAR = 0.05
"""The mean accuracy may be this much below the lowest of the published ones."""


def train(path: Path, model: str, seed: int, quick: bool) -> Row:
    """Test accuracy of a default run and of the baselines of its report."""
    import etude

    fields = {"train.threads": 1, "train.precision": "fp32"} | (
        {"train.epochs": 2} if quick else {}
    )
    began = time.perf_counter()
    run = etude.train(model, data=str(path), save=False, quiet=True, seed=seed, **fields)
    return {
        "accuracy": run.test["accuracy"],
        "rocket": run.baselines.scores["rocket"],
        "majority": run.baselines.scores["majority"],
        **run.card.sizes,
        "seconds": round(time.perf_counter() - began, 1),
    }


def table(results: Results) -> str:
    """A row for each network on each set, over all of its seeds."""
    head = (
        "data", "training samples", "network", "accuracy, mean (min .. max)", "seeds",
        "ROCKET ridge of the report", "published, from memory", "near",
    )  # fmt: skip
    rows = []
    for data, model in dict.fromkeys((row["data"], row["model"]) for row in results.rows):
        known = PUBLISHED[data]
        said = ", ".join(f"{name} {100 * value:.1f}%" for name, value in known.items())
        own = results.of(data=data, model=model)
        found = spread(row["accuracy"] for row in own if "accuracy" in row)
        if found is None:
            error = results.error(data=data, model=model)
            rows.append([data, "-", model, error, len(own), "-", said, MISSED])
            continue
        mean = statistics.mean(row["accuracy"] for row in own)
        rows.append([
            data, own[-1]["train"], model,
            f"{100 * mean:.1f}% ({100 * found.low:.1f}% .. {100 * found.high:.1f}%)", len(own),
            f"{100 * own[-1]['rocket']:.1f}%", said,
            MET if mean >= min(known.values()) - NEAR else MISSED,
        ])  # fmt: skip
    return markdown(head, rows)


def main(arguments: Sequence[str] | None = None) -> None:
    made = parser(__doc__ or "", 1)
    made.add_argument("--seeds", default="0,1,2,3,4")
    made.add_argument("--only", default="", help="names of data sets, commas between")
    made.add_argument("--models", default=",".join(MODELS))
    given = made.parse_args(arguments)
    results = Results("sequences", KEY, results_folder(given.quick))
    archive = Path(os.environ.get("ETUDE_DATA", "data")) / "ucr"
    seeds = [0] if given.quick else list(map(int, given.seeds.split(",")))
    wanted = given.only.split(",") if given.only else list(PUBLISHED)
    for name in () if given.table else wanted[: 1 if given.quick else None]:
        place = archive / name
        if not place.is_dir():
            print(
                f"{place}: not found. Set ETUDE_DATA to a folder with ucr/{name}.", file=sys.stderr
            )
            continue
        for model in given.models.split(","):
            for seed in seeds:
                row = {"data": name, "model": model, "seed": seed}
                results.add({**row, **train(place, model, seed, given.quick)})
    print(table(results))
    print(f"\n{results.where()}")


if __name__ == "__main__":
    main()
