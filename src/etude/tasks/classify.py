"""classify: one class per sample. Cross-entropy on logits; accuracy with a confidence interval.

logits [N D], D classes
"""

from collections.abc import Iterable
from math import sqrt

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from etude.layers.gaussian import Noise
from etude.locale.texts import Sentence, text
from etude.results import Baseline, Baselines
from etude.shapes import Batch, Float, Target, Tensor, wide
from etude.stats import Metric, wilson
from etude.tasks import linear, rocket, trees
from etude.tasks.protocol import Arrays, Metrics, Phase, Prediction, Setup, ranked


def cross_entropy(model: nn.Module, batch: Batch, noise: Noise) -> Float[Tensor, ""]:
    """Mean cross-entropy of a batch in nats, computed in fp32 or wider."""
    return F.cross_entropy(wide(model(*batch.inputs)), batch.y)


class Classify:
    """Classification into `classes`, the class names in the order of the logits."""

    name = "classify"
    summary: Sentence = text("task.classify.summary")
    targets: tuple[Target, ...] = ("class",)
    needs = "outputs"
    predicts: Prediction = "classes"
    metric = Metric("accuracy", lower_is_better=False, share=True)

    def __init__(self, classes: tuple[str, ...]) -> None:
        self.classes = classes

    @classmethod
    def build(cls, setup: Setup) -> "Classify":
        """Into the classes of the data."""
        return cls(setup.data.classes)

    def phases(self) -> tuple[Phase, ...]:
        """One phase: cross-entropy."""
        return (Phase("classify", cross_entropy),)

    def outputs(self, model: nn.Module, batch: Batch) -> Float[Tensor, "N D"]:
        """Logits in fp32 or wider."""
        return wide(model(*batch.inputs))

    def _count(self, model: nn.Module, batches: Iterable[Batch]) -> tuple[np.ndarray, float]:
        """The confusion matrix [D D], rows true classes, and the mean cross-entropy."""
        # Flattened, so that one bincount over true * D + predicted counts all cells of a batch.
        confusion = torch.zeros(len(self.classes) ** 2, dtype=torch.int64)
        loss, count = 0.0, 0
        for batch in batches:
            logits = self.outputs(model, batch)
            # Summed, not averaged, because the last batch may be smaller.
            loss += float(F.cross_entropy(logits, batch.y, reduction="sum"))
            cells = batch.y * len(self.classes) + logits.argmax(1)
            confusion += torch.bincount(cells.cpu(), minlength=len(confusion))
            count += len(batch.y)
        return confusion.view(len(self.classes), -1).numpy(), loss / count

    def evaluate(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """accuracy, loss (mean cross-entropy in nats) and the number of samples."""
        confusion, loss = self._count(model, batches)
        hits, count = int(confusion.trace()), int(confusion.sum())
        return {"accuracy": hits / count, "loss": loss, "samples": count}

    def detail(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """`evaluate`, the accuracy's 95 % interval, the confusion matrix, and precision, recall and
        F1 by class."""
        confusion, loss = self._count(model, batches)
        hits, count = int(confusion.trace()), int(confusion.sum())
        true, predicted, right = confusion.sum(1), confusion.sum(0), confusion.diagonal()
        # 0/0 occurs for classes that are absent or never predicted; such a value counts as 0.
        with np.errstate(invalid="ignore"):
            recall = np.nan_to_num(right / true)
            precision = np.nan_to_num(right / predicted)
            f1 = np.nan_to_num(2 * right / (true + predicted))
        per_class = {
            name: {
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "f1": float(f1[i]),
                "samples": int(true[i]),
            }
            for i, name in enumerate(self.classes)
        }
        return {
            "accuracy": hits / count,
            "accuracy_95": list(wilson(hits, count)),
            "loss": loss,
            "samples": count,
            # As scikit-learn's f1_score(average="macro"): a class that is predicted though it is
            # absent counts with 0; one that is absent and never predicted does not count.
            "macro_f1": float(f1[true + predicted > 0].mean()),
            "classes": list(self.classes),
            "per_class": per_class,
            "confusion": confusion.tolist(),
        }

    def better(self, new: Metrics, old: Metrics) -> bool:
        """Whether the accuracy is higher or, if it is equal, the loss lower."""
        return (new["accuracy"], -new["loss"]) > (old["accuracy"], -old["loss"])

    def near(self, new: Metrics, top: Metrics) -> bool:
        """Whether the accuracy is within one standard error of the best (L. Breiman et al.,
        "Classification and Regression Trees", 1984, section 3.4.3)."""
        count = top["samples"]
        # Two hits and two misses are added (A. Agresti, B. Coull, 1998); otherwise the standard
        # error of an accuracy of 1 would be 0.
        share = (top["accuracy"] * count + 2) / (count + 4)
        error = sqrt(share * (1 - share) / count)
        return bool(new["accuracy"] >= top["accuracy"] - error)

    def baseline(self, train: Arrays, test: Arrays) -> Baselines:
        """The baselines: always the commonest training class, logistic regression on the raw values
        and, for sequences, ridge regression on random convolutions."""
        common = int(np.bincount(train.y).argmax())

        def accuracy(predicted: np.ndarray | int) -> float:
            return float((test.y == predicted).mean())

        named = {"name": self.classes[common]}
        every = [
            Baseline(kind="majority", score=accuracy(common), about=named),
            Baseline(kind="logistic", score=accuracy(linear.classes(train, test))),
        ]
        thinned = linear.thinning(train)
        if isinstance(train, trees.TableRows) and isinstance(test, trees.TableRows):
            every.append(Baseline(kind="boosting", score=accuracy(trees.classes(train, test))))
            thinned += trees.thinning(train)
        if rocket.is_sequences(train):
            every.append(Baseline(kind="rocket", score=accuracy(rocket.classes(train, test))))
            thinned += rocket.thinning(train)
        return ranked(every, self.metric, thinned)

    def answers(self, outputs: Float[Tensor, "N D"]) -> list[dict[str, object]]:
        """One dict per sample: label, its probability, and all probabilities by class name."""
        answers = []
        # float64, so that the printed probabilities sum to 1 more exactly.
        for row in outputs.double().softmax(1).tolist():
            by_name = dict(zip(self.classes, row))
            label = max(by_name, key=lambda name: by_name[name])
            answers.append(
                {"label": label, "probability": by_name[label], "probabilities": by_name}
            )
        return answers

    def snapshot(self, model: nn.Module, batch: Batch) -> dict[str, np.ndarray]:
        """No arrays: a classifier has no snapshots of its own."""
        return {}


TASK = Classify
