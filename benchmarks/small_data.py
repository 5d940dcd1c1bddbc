"""Claim: the defaults learn from small data: no network ends below the most frequent class.

    ETUDE_DATA=FOLDER python -m benchmarks.small_data --seeds 0,1,2,3,4
    ETUDE_DATA=FOLDER python -m benchmarks.small_data --only digits-40 --models mlp,cnn

Digits cut to 40, 100 and 300 samples that are trained on (validation is taken from these), tested
on the other 1,497 or more; and the sequences of the UCR archive in FOLDER/ucr, whole and with 40
training samples, where that folder is there. Every choice is left to the program but precision
and threads, which decide speed alone. Runs go to a folder of their own; no report is drawn.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.common import MET, MISSED, Results, Row, markdown, parser, results_folder, spread

KEY = ("data", "model", "seed")
DIGITS = (40, 100, 300)
FEW = 40
ON_PICTURES = ("mlp", "cnn", "vit", "lstm", "transformer")
ON_SEQUENCES = ("mlp", "cnn", "lstm", "transformer")


def drawn(y: np.ndarray, count: int) -> np.ndarray:
    """Indices of `count` samples [count], the same each time, every class with its share."""
    order = np.random.default_rng(0).permutation(len(y))
    rank = np.zeros(len(y))
    for label in np.unique(y):  # every class is walked through at the same pace
        members = order[y[order] == label]
        rank[members] = (np.arange(len(members)) + 0.5) / len(members)
    return np.argsort(rank, kind="stable")[:count]


def digits(folder: Path, count: int) -> Path:
    """An .npz of digits, `count` of them to train on and the rest as the test split."""
    from sklearn.datasets import load_digits

    found = load_digits()
    x, y = found.images.astype(np.uint8), found.target.astype(np.int64)
    few = drawn(y, count)
    rest = np.setdiff1d(np.arange(len(y)), few)
    path = folder / f"digits-{count}.npz"
    np.savez(path, x_train=x[few], y_train=y[few], x_test=x[rest], y_test=y[rest])
    return path


def sequences(folder: Path, source: Path, count: int) -> Path:
    """An .npz of a .ts pair with only `count` training samples, its whole test split, and the
    lengths where they differ."""
    from etude.data.ts import Config, load

    raw = load(Config(path=str(source)))
    few = raw.train.take(drawn(raw.train.y, count))
    parts = {"train": few, "test": raw.test}
    arrays = {f"{k}_{name}": v for name, p in parts.items() for k, v in (("x", p.x), ("y", p.y))}
    if few.lengths is not None:
        arrays |= {f"lengths_{name}": part.lengths for name, part in parts.items()}
    path = folder / f"{source.name}-{count}.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def sources(folder: Path) -> Iterator[tuple[str, Path, tuple[str, ...]]]:
    """(name, path, models) of everything that is trained on."""
    for count in DIGITS:
        yield f"digits-{count}", digits(folder, count), ON_PICTURES
    archive = Path(os.environ.get("ETUDE_DATA", "data")) / "ucr"
    for source in sorted(path for path in archive.glob("*") if path.is_dir()):
        train = source / f"{source.name}_TRAIN.ts"
        if train.is_file():
            yield f"{source.name}", train, ON_SEQUENCES
            yield f"{source.name}-{FEW}", sequences(folder, source, FEW), ON_SEQUENCES


def train(place: Path, model: str, data: Path, seed: int, quick: bool) -> Row:
    """What a default run comes to."""
    from etude import pipeline
    from etude.inspection.words import baseline_name
    from etude.recipe import draft
    from etude.runs.folder import RunFolder

    fields = {"seed": seed, "train.threads": 1, "train.precision": "fp32"}
    fields |= {"train.epochs": 2} if quick else {}
    began = time.perf_counter()
    pipeline.rehearse(place, draft(model, str(data), fields=fields), tested=True)
    run = RunFolder.open(place)
    result, settings = run.finished(), run.read("recipe.json")["train"]
    best, sizes = result.baseline.best, result.sizes
    assert sizes is not None  # every run of this version stores them
    return {
        "train": sizes.train,
        "val": sizes.val,
        "test": sizes.test,
        "accuracy": result.score,
        "majority": result.baseline.scores["majority"],
        "baseline": best.score,
        "what": baseline_name(best, "en"),
        "batch": settings["batch_size"],
        "epochs": result.epochs,
        "chosen": result.chosen,
        "seconds": round(time.perf_counter() - began, 1),
    }


def table(results: Results) -> str:
    """A row for each network on each data set, over all of its seeds."""
    head = (
        "data", "training samples", "network", "accuracy, mean (min .. max)", "seeds",
        "most frequent class", "best baseline", "batch", "epochs", "weights", "seconds",
        "above the most frequent class",
    )  # fmt: skip
    rows = []
    for data, model in dict.fromkeys((row["data"], row["model"]) for row in results.rows):
        own = results.of(data=data, model=model)
        values = results.values("accuracy", data=data, model=model)
        last, found = own[-1], spread(values)
        if found is None:
            rows.append([data, "-", model, results.error(data=data, model=model), *"-" * 7, MISSED])
            continue
        mean = f"{statistics.mean(values):.1%} ({found.low:.1%} .. {found.high:.1%})"
        best = f"{last['baseline']:.1%} ({last['what']})"
        weights = "last" if last["chosen"] == "last" else "by validation"
        above = MET if found.low > last["majority"] else MISSED
        seconds = f"{statistics.median(row['seconds'] for row in own):.0f}"
        rows.append([
            data, last["train"], model, mean, found.n, f"{last['majority']:.1%}", best,
            last["batch"], last["epochs"], weights, seconds, above,
        ])  # fmt: skip
    return markdown(head, rows)


def main(arguments: Sequence[str] | None = None) -> None:
    made = parser(__doc__ or "", 1)
    made.add_argument("--seeds", default="0,1,2,3,4")
    made.add_argument("--only", default="", help="names of data, commas between")
    made.add_argument("--models", default="", help="names of networks, commas between")
    given = made.parse_args(arguments)
    results = Results("small_data", KEY, results_folder(given.quick))
    seeds = [0] if given.quick else list(map(int, given.seeds.split(",")))
    with tempfile.TemporaryDirectory() as folder:
        for name, path, models in () if given.table else sources(Path(folder)):
            wanted = given.only.split(",") if given.only else [name]
            for model in models if name in wanted else ():
                if given.models and model not in given.models.split(","):
                    continue
                for seed in seeds:
                    place = Path(folder) / f"{name}-{model}-{seed}"
                    row = train(place, model, path, seed, given.quick)
                    results.add({"data": name, "model": model, "seed": seed, **row})
                    print(name, model, seed, row, file=sys.stderr, flush=True)
    print(table(results))
    print(f"\n{results.where()}")


if __name__ == "__main__":
    main()
