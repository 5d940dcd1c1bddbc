"""classify: one class per sample. Cross-entropy on logits; accuracy with a confidence interval, or
balanced accuracy if the classes have weights.

logits [N D], D classes
"""

from collections.abc import Iterable, Mapping
from math import sqrt

import numpy as np
from torch import nn
from torch.nn import functional as F

from etude.layers.gaussian import Noise
from etude.locale.texts import Sentence, Text, text
from etude.results import Baseline, Baselines
from etude.shapes import Batch, Float, Target, Tensor, as_weights, wide
from etude.stats import Metric
from etude.tasks import linear, rocket, trees
from etude.tasks.plain import Names, PlainAnswers
from etude.tasks.protocol import (
    Arrays,
    Description,
    Metrics,
    Phase,
    Prediction,
    Setup,
    ranked,
    weights_of,
)
from etude.tasks.tally import Tally
from etude.tasks.weights import (
    WeightsConfig,
    class_weights,
    described,
    for_fit,
    weighted_mean,
)

BALANCED = Metric("balanced_accuracy", lower_is_better=False, share=True)
"""The metric if classes have weights: in accuracy, a rare class hardly counts."""


class Classify:
    """Classification into `classes`, the class names in the order of the logits.

    weights: of the classes, by name; {} if all count alike.
    """

    name = "classify"
    summary: Sentence = text("task.classify.summary")
    targets: tuple[Target, ...] = ("class",)
    needs = "outputs"
    predicts: Prediction = "classes"
    metric = Metric("accuracy", lower_is_better=False, share=True)
    other_metrics = (BALANCED,)
    weighs = True
    config = WeightsConfig

    def __init__(
        self, classes: tuple[str, ...], weights: Mapping[str, float] | None = None
    ) -> None:
        self.classes = classes
        self.class_weights: np.ndarray | None = None
        self.on_device: Tensor | None = None
        self.notes: tuple[Text, ...] = ()
        if weights:
            self.class_weights = np.array([weights[name] for name in classes])
            self.metric = BALANCED
            self.notes = (described(weights),)

    @classmethod
    def completed(cls, options: WeightsConfig, data: Description, train: Arrays) -> WeightsConfig:
        """The Config with the weights of all classes as numbers. Raises UsageError."""
        asked = options.class_weights
        weights = class_weights(asked, data.classes, train.y, weights_of(train))
        return WeightsConfig(class_weights=weights)

    @classmethod
    def build(cls, setup: Setup) -> "Classify":
        """Into the classes of the data."""
        asked = getattr(setup.options, "class_weights", "none")
        return cls(setup.data.classes, asked if isinstance(asked, dict) else None)

    def phases(self) -> tuple[Phase, ...]:
        """One phase: cross-entropy."""
        return (Phase("classify", self.loss, mass=self._mass),)

    def loss(self, model: nn.Module, batch: Batch, noise: Noise) -> Float[Tensor, ""]:
        """Mean cross-entropy of a batch in nats, weighted by class and sample, computed in fp32 or
        wider."""
        logits, weights = self.outputs(model, batch), self._weights(batch)
        if weights is None:
            return F.cross_entropy(logits, batch.y)
        return weighted_mean(F.cross_entropy(logits, batch.y, reduction="none"), weights)

    def _weights(self, batch: Batch) -> Tensor | None:
        """The weight of each sample in the loss [N]: its own times that of its class."""
        if self.class_weights is None:
            return batch.weights
        # Kept on the device: a copy in every step would make a GPU wait.
        if self.on_device is None or self.on_device.device != batch.y.device:
            self.on_device = as_weights(self.class_weights, batch.y.device)
        by_class = self.on_device[batch.y]
        return by_class if batch.weights is None else by_class * batch.weights

    def _mass(self, batch: Batch) -> Tensor | None:
        weights = self._weights(batch)
        return None if weights is None else weights.sum()

    def outputs(self, model: nn.Module, batch: Batch) -> Float[Tensor, "N D"]:
        """Logits in fp32 or wider."""
        return wide(model(*batch.inputs))

    def _count(self, model: nn.Module, batches: Iterable[Batch]) -> tuple[Tally, float]:
        """The confusion matrices and the mean cross-entropy, weighted as in training."""
        tallies: list[Tally] = []
        loss, mass = 0.0, 0.0
        for batch in batches:
            logits, weights = self.outputs(model, batch), self._weights(batch)
            # Summed, not averaged, because the last batch may be smaller.
            if weights is None:
                loss += float(F.cross_entropy(logits, batch.y, reduction="sum"))
                mass += len(batch.y)
            else:
                losses = F.cross_entropy(logits, batch.y, reduction="none")
                loss += float((losses * weights.to(losses.dtype)).sum())
                mass += float(weights.sum())
            of_samples = None if batch.weights is None else batch.weights.cpu().double().numpy()
            predicted = logits.argmax(1).cpu().numpy()
            tallies.append(
                Tally.of(batch.y.cpu().numpy(), predicted, len(self.classes), of_samples)
            )
        return sum(tallies[1:], tallies[0]), loss / mass

    def _effective(self, tally: Tally) -> Metrics:
        """The number of samples that decides how certain the metric is, where it is not simply
        their number."""
        if self.class_weights is not None:
            return {"effective_samples": tally.balanced_effective}
        if (tally.counts == tally.mass).all():
            return {}
        return {"effective_samples": max(1, int(tally.effective))}

    def evaluate(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """accuracy, loss (mean cross-entropy in nats) and the number of samples; balanced accuracy
        if classes have weights."""
        tally, loss = self._count(model, batches)
        # Not in every run: its epochs would have other metrics than those of earlier versions, and
        # a run that they began could not be resumed.
        balanced = (
            {} if self.class_weights is None else {"balanced_accuracy": tally.balanced_accuracy}
        )
        scores = {"accuracy": tally.accuracy, **balanced, "loss": loss, "samples": tally.samples}
        return {**scores, **self._effective(tally)}

    def detail(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """`evaluate`, balanced accuracy, 95 % intervals, the confusion matrix, and precision,
        recall and F1 by class."""
        tally, loss = self._count(model, batches)
        return {
            "accuracy": tally.accuracy,
            "balanced_accuracy": tally.balanced_accuracy,
            **tally.intervals(),
            "loss": loss,
            "samples": tally.samples,
            **self._effective(tally),
            **tally.by_class(self.classes),
        }

    def better(self, new: Metrics, old: Metrics) -> bool:
        """Whether the metric is higher or, if it is equal, the loss lower."""
        goal = self.metric.name
        return (new[goal], -new["loss"]) > (old[goal], -old["loss"])

    def near(self, new: Metrics, top: Metrics) -> bool:
        """Whether the metric is within one standard error of the best (L. Breiman et al.,
        "Classification and Regression Trees", 1984, section 3.4.3)."""
        goal, count = self.metric.name, top.get("effective_samples") or top["samples"]
        # Two hits and two misses are added (A. Agresti, B. Coull, 1998); otherwise the standard
        # error of an accuracy of 1 would be 0.
        share = (top[goal] * count + 2) / (count + 4)
        error = sqrt(share * (1 - share) / count)
        return bool(new[goal] >= top[goal] - error)

    def baseline(self, train: Arrays, test: Arrays) -> Baselines:
        """The baselines: always the most frequent training class, logistic regression on the raw
        values and, for sequences, ridge regression on random convolutions. Those that are fitted
        have the weights of the loss."""
        own = weights_of(train)
        common = int(np.bincount(train.y, own).argmax())
        fitted = for_fit(self._in_fit(train.y, own))

        def score(predicted: np.ndarray) -> float:
            tally = Tally.of(test.y, predicted, len(self.classes), weights_of(test))
            by_metric = {
                "accuracy": tally.accuracy,
                "balanced_accuracy": tally.balanced_accuracy,
            }
            return by_metric[self.metric.name]

        named = {"name": self.classes[common]}
        always = np.full(len(test.y), common)
        every = [
            Baseline(kind="majority", score=score(always), about=named),
            Baseline(kind="logistic", score=score(linear.classes(train, test, fitted))),
        ]
        thinned = linear.thinning(train)
        if isinstance(train, trees.TableRows) and isinstance(test, trees.TableRows):
            predicted = trees.classes(train, test, fitted)
            every.append(Baseline(kind="boosting", score=score(predicted)))
            thinned += trees.thinning(train)
        if rocket.is_sequences(train):
            predicted = rocket.classes(train, test, fitted)
            every.append(Baseline(kind="rocket", score=score(predicted)))
            thinned += rocket.thinning(train)
        return ranked(every, self.metric, thinned)

    def _in_fit(self, y: np.ndarray, own: np.ndarray | None) -> np.ndarray | None:
        """The weight of each sample [n] in the loss, by its class y [n] and its own."""
        if self.class_weights is None:
            return own
        by_class: np.ndarray = self.class_weights[y]
        return by_class if own is None else by_class * own

    def answers(self, outputs: Float[Tensor, "N D"]) -> list[dict[str, object]]:
        """One dict per sample: label, its probability, and all probabilities by class name."""
        # float64, so that the printed probabilities sum to 1 more exactly.
        return labelled(self.classes, outputs.double().softmax(1).tolist())

    @classmethod
    def replies(
        cls, data: Description, published: Mapping[str, np.ndarray]
    ) -> list[dict[str, object]]:
        """As `answers`, from the probabilities."""
        return labelled(data.classes, published["probabilities"].tolist())

    def published(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """The probabilities of the classes [N D]."""
        return {"probabilities": self.outputs(model, batch).softmax(1)}

    def code(self, names: Names) -> PlainAnswers:
        """`published` as lines of plain PyTorch."""
        return PlainAnswers(
            f"The probabilities [N, {len(self.classes)}] of CLASSES",
            (f'return {{"probabilities": {names.outputs}.softmax(1)}}',),
            (
                'for p in found["probabilities"]:',
                '    print(f"{name}: {CLASSES[p.argmax()]} ({p.max():.1%})")',
            ),
            texts={"CLASSES": self.classes},
        )

    def snapshot(self, model: nn.Module, batch: Batch) -> dict[str, np.ndarray]:
        """No arrays: a classifier has no snapshots of its own."""
        return {}


def labelled(classes: tuple[str, ...], rows: list[list[float]]) -> list[dict[str, object]]:
    """One dict per row of probabilities: label, its probability, and all of them by class name."""
    answers: list[dict[str, object]] = []
    for row in rows:
        by_name = dict(zip(classes, row))
        label = max(by_name, key=lambda name: by_name[name])
        answers.append({"label": label, "probability": by_name[label], "probabilities": by_name})
    return answers


TASK = Classify
