"""The confusion matrices of a classifier, and every score that is computed from them.

D classes; rows are true classes. A sample with weight w counts w times in every score.
"""

from dataclasses import dataclass

import numpy as np

from etude.stats import equal_samples, mean_share_interval, wilson
from etude.tasks.protocol import Metrics


@dataclass(frozen=True)
class Tally:
    """counts [D D]: samples by true and predicted class. mass [D D]: the sum of their weights.
    squares [D]: the sum of the squared weights of each true class."""

    counts: np.ndarray
    mass: np.ndarray
    squares: np.ndarray

    @classmethod
    def of(
        cls, true: np.ndarray, predicted: np.ndarray, classes: int, weights: np.ndarray | None
    ) -> "Tally":
        """Of classes [n], with the weights of the samples [n] if they have any."""
        w = np.ones(len(true)) if weights is None else weights
        # Flattened, so that one bincount over true * D + predicted counts all cells.
        cells, size = true * classes + predicted, classes**2
        counts = np.bincount(cells, minlength=size).reshape(classes, classes)
        mass = np.bincount(cells, w, size).reshape(classes, classes)
        return cls(counts, mass, np.bincount(true, w**2, classes))

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.counts + other.counts, self.mass + other.mass, self.squares + other.squares
        )

    @property
    def samples(self) -> int:
        """The number of samples."""
        return int(self.counts.sum())

    @property
    def accuracy(self) -> float:
        """The share of the weight that is classified correctly."""
        return float(self.mass.trace() / self.mass.sum())

    @property
    def balanced_accuracy(self) -> float:
        """The mean of the recalls of the classes that occur, as scikit-learn's
        `balanced_accuracy_score`."""
        return float(self._recalls().mean())

    @property
    def effective(self) -> float:
        """The number of samples of equal weight that make the accuracy as certain as it is."""
        return float(self.mass.sum() ** 2 / self.squares.sum())

    @property
    def balanced_effective(self) -> int:
        """The number of samples of equal weight that would make a share as certain as the balanced
        accuracy is."""
        return equal_samples(self._recalls(), self._sizes())

    def intervals(self) -> Metrics:
        """The 95 % intervals of both accuracies."""
        n = self.effective
        return {
            "accuracy_95": list(wilson(self.accuracy * n, n)),
            "balanced_accuracy_95": list(mean_share_interval(self._recalls(), self._sizes())),
        }

    def by_class(self, classes: tuple[str, ...]) -> Metrics:
        """macro_f1; and precision, recall and F1 by class, with its number of samples."""
        true, predicted, right = self.mass.sum(1), self.mass.sum(0), self.mass.diagonal()
        # 0/0 occurs for classes that are absent or never predicted; such a value counts as 0.
        with np.errstate(invalid="ignore"):
            recall = np.nan_to_num(right / true)
            precision = np.nan_to_num(right / predicted)
            f1 = np.nan_to_num(2 * right / (true + predicted))
        samples = self.counts.sum(1)
        return {
            # As scikit-learn's f1_score(average="macro"): a class that is predicted though it is
            # absent counts with 0; one that is absent and never predicted does not count.
            "macro_f1": float(f1[true + predicted > 0].mean()),
            "classes": list(classes),
            "per_class": {
                name: {
                    "precision": float(precision[i]),
                    "recall": float(recall[i]),
                    "f1": float(f1[i]),
                    "samples": int(samples[i]),
                }
                for i, name in enumerate(classes)
            },
            "confusion": self.counts.tolist(),
        }

    def _recalls(self) -> np.ndarray:
        """The recall of each class that occurs [k]."""
        true = self.mass.sum(1)
        return np.asarray(self.mass.diagonal()[true > 0] / true[true > 0])

    def _sizes(self) -> np.ndarray:
        """The effective number of samples of each class that occurs [k]."""
        true = self.mass.sum(1)
        return np.asarray(true[true > 0] ** 2 / self.squares[true > 0])
