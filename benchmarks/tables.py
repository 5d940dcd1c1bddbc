"""Claim: the default MLP is level with gradient boosting on at least five of eight tables.

    python -m benchmarks.tables --seeds 0,1,2,3,4
    python -m benchmarks.tables --only wine,steps --seeds 0

Four tables of scikit-learn and four made ones: friedman1 with 15 columns of noise, hastie with and
without 20 of them, steps and skewed columns, and 100,000 rows with 30 columns of noise. A seed
draws the test split, the validation split and the weights. Gradient boosting and the linear model
are those of the report: the same rows, scikit-learn's defaults. Accuracy, or R2 of values.
"""

import csv
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.common import MET, MISSED, Results, Row, markdown, parser, results_folder

KEY = ("data", "seed")
LONG_ROWS, NOISE = 100_000, 30
Arrays = tuple[np.ndarray, np.ndarray]


def wine() -> Arrays:
    from sklearn.datasets import load_wine

    found = load_wine()
    return found.data, np.array([f"c{label}" for label in found.target])


def cancer() -> Arrays:
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer()
    return found.data, np.array([f"c{label}" for label in found.target])


def diabetes() -> Arrays:
    from sklearn.datasets import load_diabetes

    found = load_diabetes(scaled=False)
    return found.data, found.target


def friedman1() -> Arrays:
    from sklearn.datasets import make_friedman1

    return make_friedman1(3000, 20, noise=1.0, random_state=0)  # type: ignore[no-any-return]


def hastie(noise: int = 0) -> Arrays:
    from sklearn.datasets import make_hastie_10_2

    x, y = make_hastie_10_2(6000, random_state=0)
    more = np.random.default_rng(0).normal(size=(len(x), noise))
    return np.concatenate([x, more], axis=1), np.array([f"c{int(label > 0)}" for label in y])


def steps() -> Arrays:
    """Jumps in three of six skewed columns: what trees are best at."""
    random = np.random.default_rng(0)
    x = random.lognormal(0, 1, size=(4000, 6))
    y = np.floor(3 * x[:, 0]) + 5 * (x[:, 1] > 1) + 3 * np.sign(np.log(x[:, 2]))
    return x, y + random.normal(0, 0.3, len(x))


def long() -> Arrays:
    """100,000 rows, four columns that matter and 30 that do not."""
    random = np.random.default_rng(0)
    x = random.normal(size=(LONG_ROWS, 4 + NOISE))
    score = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + (x[:, 3] > 0.5)
    return x, np.array([f"c{int(s > 0.3)}" for s in score + random.normal(0, 0.3, len(x))])


TABLES: dict[str, Callable[[], Arrays]] = {
    "wine": wine, "cancer": cancer, "diabetes": diabetes, "friedman1": friedman1,
    "hastie": hastie, "hastie-noise": lambda: hastie(20), "steps": steps, "long": long,
}  # fmt: skip


def written(folder: Path, name: str) -> Path:
    """The table as a CSV file."""
    x, y = TABLES[name]()
    path = folder / f"{name}.csv"
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow([*(f"x{i}" for i in range(x.shape[1])), "target"])
        out.writerows([*map(repr, row), target] for row, target in zip(x.tolist(), y.tolist()))
    return path


def train(path: Path, seed: int, quick: bool) -> Row:
    """Test score of the default MLP, of boosted trees and of the linear model on one split."""
    import etude
    from etude.loading import NO_OBJECTS, dataset_of
    from etude.tasks import linear, trees

    fields = {"data.split_seed": seed, "train.threads": 1, "train.precision": "fp32"}
    fields |= {"train.epochs": 2} if quick else {}
    began = time.perf_counter()
    run = etude.train("mlp", data=str(path), save=False, quiet=True, seed=seed, **fields)
    data, _ = dataset_of(run.recipe, NO_OBJECTS)
    train_rows, test = data.arrays(data.train), data.arrays(data.test)
    classes = data.card.target == "class"
    if classes:
        scores = {
            "mlp": run.test["accuracy"],
            "boosting": float((trees.classes(train_rows, test) == test.y).mean()),
            "linear": float((linear.classes(train_rows, test) == test.y).mean()),
        }
    else:
        centre = float(((test.y - test.y.mean()) ** 2).sum())

        def r2(predicted: np.ndarray) -> float:
            return 1 - float(((predicted - test.y) ** 2).sum()) / centre

        scores = {
            "mlp": run.test["r2"],
            "boosting": r2(trees.values(train_rows, test)),
            "linear": r2(linear.values(train_rows.x, train_rows.y, test.x)),
        }
    return {
        **scores,
        "metric": "accuracy" if classes else "r2",
        "rows": len(data.train),
        "columns": len(data.card.columns),
        "seconds": round(time.perf_counter() - began, 1),
    }


def interval(differences: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of a mean paired difference, by Student's t."""
    from scipy import stats

    mean = statistics.mean(differences)
    if len(differences) < 2:
        return mean, mean
    half = stats.t.ppf(0.975, len(differences) - 1) * statistics.stdev(differences)
    half /= len(differences) ** 0.5
    return mean - half, mean + half


def table(results: Results) -> str:
    """A row for each table, over all of its seeds."""
    head = ("table", "rows x columns", "MLP", "boosting", "linear", "MLP - boosting, 95 %",
            "seeds", "level")  # fmt: skip
    rows = []
    for data in dict.fromkeys(row["data"] for row in results.rows):
        own = results.of(data=data)
        if "mlp" not in own[-1]:
            rows.append([data, results.error(data=data), *"-" * 5, MISSED])
            continue
        means = [
            f"{statistics.mean(r[key] for r in own):.3f}" for key in ("mlp", "boosting", "linear")
        ]
        low, high = interval([r["mlp"] - r["boosting"] for r in own])
        size = f"{own[-1]['rows']:,} x {own[-1]['columns']}"
        rows.append([
            f"{data} ({own[-1]['metric']})", size, *means, f"{low:+.3f} .. {high:+.3f}", len(own),
            MET if high >= 0 else MISSED,
        ])  # fmt: skip
    return markdown(head, rows)


def main(arguments: Sequence[str] | None = None) -> None:
    made = parser(__doc__ or "", 1)
    made.add_argument("--seeds", default="0,1,2,3,4")
    made.add_argument("--only", default="", help="names of tables, commas between")
    given = made.parse_args(arguments)
    results = Results("tables", KEY, results_folder(given.quick))
    seeds = [0] if given.quick else list(map(int, given.seeds.split(",")))
    wanted = given.only.split(",") if given.only else list(TABLES)
    if given.quick:
        wanted = ["wine", "diabetes"]
    with tempfile.TemporaryDirectory() as folder:
        for name in () if given.table else wanted:
            path = written(Path(folder), name)
            for seed in seeds:
                results.add({"data": name, "seed": seed, **train(path, seed, given.quick)})
    print(table(results))
    print(f"\n{results.where()}")


if __name__ == "__main__":
    main()
