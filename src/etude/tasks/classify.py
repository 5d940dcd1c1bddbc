"""classify: one class for a sample. Cross-entropy on logits; accuracy with an interval.

logits [N D], D classes
"""

from collections.abc import Iterable
from math import sqrt
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from etude.shapes import Batch, Float, Tensor, wide
from etude.stats import wilson
from etude.tasks import linear, rocket
from etude.tasks.protocol import Arrays, Metrics, Phase


def cross_entropy(model: nn.Module, batch: Batch) -> Float[Tensor, ""]:
    """Mean cross-entropy of a batch, in nats; in fp32 whatever the model computes in."""
    return F.cross_entropy(wide(model(*batch.inputs)), batch.y)


class Classify:
    """Tell `classes` apart."""

    name = "classify"
    goal = "accuracy"

    def __init__(self, classes: tuple[str, ...]) -> None:
        self.classes = classes

    def phases(self) -> tuple[Phase, ...]:
        """One: lower the cross-entropy."""
        return (Phase("classify", cross_entropy),)

    def outputs(self, model: nn.Module, batch: Batch) -> Float[Tensor, "N D"]:
        """Logits."""
        return wide(model(*batch.inputs))

    def _count(self, model: nn.Module, batches: Iterable[Batch]) -> tuple[np.ndarray, float]:
        """Confusion matrix [D D], true class first, and the mean cross-entropy."""
        confusion = torch.zeros(len(self.classes) ** 2, dtype=torch.int64)
        loss, count = 0.0, 0
        for batch in batches:
            logits = self.outputs(model, batch)
            loss += float(F.cross_entropy(logits, batch.y, reduction="sum"))
            cells = batch.y * len(self.classes) + logits.argmax(1)
            confusion += torch.bincount(cells.cpu(), minlength=len(confusion))
            count += len(batch.y)
        return confusion.view(len(self.classes), -1).numpy(), loss / count

    def evaluate(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """accuracy and loss (cross-entropy in nats)."""
        confusion, loss = self._count(model, batches)
        hits, count = int(confusion.trace()), int(confusion.sum())
        return {"accuracy": hits / count, "loss": loss, "samples": count}

    def detail(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """Also the accuracy's 95 % interval, the confusion matrix, and each class by itself."""
        confusion, loss = self._count(model, batches)
        hits, count = int(confusion.trace()), int(confusion.sum())
        true, said, right = confusion.sum(1), confusion.sum(0), confusion.diagonal()
        with np.errstate(invalid="ignore"):
            recall = np.nan_to_num(right / true)
            precision = np.nan_to_num(right / said)
            f1 = np.nan_to_num(2 * right / (true + said))
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
            "macro_f1": float(f1[true + said > 0].mean()),
            "classes": list(self.classes),
            "per_class": per_class,
            "confusion": confusion.tolist(),
        }

    def better(self, new: Metrics, old: Metrics) -> bool:
        """Higher accuracy; where equal, lower loss."""
        return (new["accuracy"], -new["loss"]) > (old["accuracy"], -old["loss"])

    def near(self, new: Metrics, top: Metrics) -> bool:
        """Within one standard error of the best accuracy (L. Breiman et al., "Classification and
        Regression Trees", 1984, section 3.4.3), which is not zero even where that is 1."""
        count = top["samples"]
        share = (top["accuracy"] * count + 2) / (count + 4)  # A. Agresti, B. Coull, 1998
        error = sqrt(share * (1 - share) / count)
        return bool(new["accuracy"] >= top["accuracy"] - error)

    def baseline(self, train: Arrays, test: Arrays) -> Metrics:
        """The commonest training class, logistic regression on the raw values, and for sequences a
        ridge on random convolutions; the best of them is the one to beat."""
        common = int(np.bincount(train.y).argmax())
        majority = f"always say {self.classes[common]!r}, the commonest class"
        said, note = linear.classes(train, test)
        found = {
            majority: float((test.y == common).mean()),
            "logistic regression": float((test.y == said).mean()),
        }
        if rocket.is_sequences(train):
            said, more = rocket.classes(train, test)
            found[rocket.NAME] = float((test.y == said).mean())
            note = linear.joined(note, more)
        best = max(found, key=lambda name: found[name])
        return {"accuracy": found[best], "what": best, "all": found, "note": note}

    def answers(self, outputs: Float[Tensor, "N D"]) -> list[dict[str, Any]]:
        """label, its probability, and all probabilities by class name."""
        answers = []
        for row in outputs.double().softmax(1).tolist():
            by_name = dict(zip(self.classes, row))
            label = max(by_name, key=lambda name: by_name[name])
            answers.append(
                {"label": label, "probability": by_name[label], "probabilities": by_name}
            )
        return answers

    def snapshot(self, model: nn.Module, batch: Batch) -> dict[str, np.ndarray]:
        """Nothing."""
        return {}
