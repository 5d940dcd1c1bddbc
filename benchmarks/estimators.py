"""Claim: fitting EtudeClassifier takes at most 1.2 times as long as scikit-learn's MLPClassifier on
digits, and less time at 60,000 samples.

    python -m benchmarks.estimators [--rounds 7] [--threads 1] [--cpu] [--quick]

Equal for both: one hidden layer of 100 units, batches of 200, Adam at 1e-3 without decay, equal
epochs, float64 input, and the wall time of the whole `fit` in one warm process. Each network uses
its own precision (float64 and float32). Rounds alternate, and the order within a round too; the
ratio is taken within each round.
"""

import argparse
import statistics
import time
import warnings

import numpy as np
from sklearn.datasets import load_digits, make_classification
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from etude.estimators import EtudeClassifier

BATCH, HIDDEN, RATE = 200, 100, 1e-3
CLOCK = [time.perf_counter]


def ours(epochs: int, threads: int) -> EtudeClassifier:
    """An EtudeClassifier with the settings of MLPClassifier."""
    fields = {
        "model__hidden": [HIDDEN], "model__dropout": 0.0, "train__schedule": "constant",
        "train__warmup": 0.0, "train__clip": 0.0, "train__weight_decay": 0.0,
        "train__threads": threads, "train__device": "cpu",
    }  # fmt: skip
    return EtudeClassifier(max_epochs=epochs, batch_size=BATCH, lr=RATE, optimizer="adam", **fields)


def theirs(epochs: int) -> MLPClassifier:
    """scikit-learn's, which must not stop early."""
    return MLPClassifier(
        (HIDDEN,), batch_size=BATCH, learning_rate_init=RATE, max_iter=epochs, random_state=0,
        n_iter_no_change=epochs + 1, alpha=0.0,
    )  # fmt: skip


def seconds(estimator: object, X: np.ndarray, y: np.ndarray) -> float:
    """Time of one fit."""
    begin = CLOCK[0]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that max_iter was reached
        estimator.fit(X, y)  # type: ignore[attr-defined]
    return CLOCK[0]() - begin


def measure(name: str, X: np.ndarray, y: np.ndarray, epochs: int, rounds: int, threads: int) -> str:
    """A row of the table: medians in seconds, and the ratio with its smallest and largest value."""
    pairs = []
    with threadpool_limits(threads):
        seconds(ours(1, threads), X, y), seconds(theirs(1), X, y)  # warm
        for number in range(rounds):
            both = {}
            for kind in ("étude", "sklearn") if number % 2 else ("sklearn", "étude"):
                estimator = ours(epochs, threads) if kind == "étude" else theirs(epochs)
                both[kind] = seconds(estimator, X, y)
            pairs.append((both["étude"], both["sklearn"]))
    ratios = [one / other for one, other in pairs]
    mine, other = (statistics.median(column) for column in zip(*pairs))
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    middle = statistics.median(ratios)
    return f"| {name} | {epochs} | {mine:.2f} | {other:.2f} | {middle:.2f} | {spread} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--cpu", action="store_true")
    arguments = parser.parse_args()
    if arguments.cpu:
        CLOCK[0] = time.process_time
    rounds = 2 if arguments.quick else arguments.rounds
    digits = load_digits(return_X_y=True)
    count = 3_000 if arguments.quick else 60_000
    large = make_classification(
        count, 64, n_informative=20, n_classes=10, n_clusters_per_class=1, random_state=0
    )
    print("| data | epochs | étude s | MLPClassifier s | ratio | smallest to largest |")
    print("|---|---|---|---|---|---|")
    for name, data, epochs in (
        ("digits (1,797)", digits, 20), ("digits (1,797)", digits, 200),
        (f"made ({count:,})", large, 3),
    ):  # fmt: skip
        if arguments.quick and epochs > 20:
            continue
        print(measure(name, *data, epochs, rounds, arguments.threads), flush=True)


if __name__ == "__main__":
    main()
