"""What a run writes while it trains: one row per epoch, snapshots, and the checkpoint that is best
on the validation split.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import torch
from torch import nn

from etude.errors import NumericsError, RunError
from etude.locale.texts import Sentence, text
from etude.recipe import Recipe, Train
from etude.results import EpochRow, PhaseRow, TimeRow
from etude.runs.checkpoint import Checkpoint
from etude.runs.recorder import Recorder
from etude.shapes import Batch
from etude.tasks.protocol import Metrics, Task
from etude.training.randomness import reseed
from etude.training.weight_histograms import histogram_epochs, summary

SNAPSHOT_SAMPLES = 16
FEWEST_TO_CHOOSE = 30
"""Minimum number of validation samples for choosing between epochs. With fewer, the standard error
of an accuracy can be 9 points or more, so the epoch that looks best is mostly the luckiest."""


@runtime_checkable
class Samples(Protocol):
    """A split on the model's device."""

    def __len__(self) -> int: ...

    def take(self, samples: np.ndarray, key: int | None = None) -> Batch:
        """The Batch of these samples; with a key, augmented as a function of (key, sample)."""

    def pieces(self) -> Iterator[Batch]:
        """All samples in order, in batches of a size that evaluates quickly."""


@dataclass
class Progress:
    """The position of the loop and its metrics so far; all of it goes into every checkpoint.

    top: the best validation metrics so far, and top_epoch their epoch.
    best: the metrics of the checkpoint that will be used, and best_step its step. That is the
    latest checkpoint that validation cannot distinguish from `top`, or simply the latest (see
    `chosen_by`).
    waited: epochs since the last improvement. sums: losses and gradient norms of this epoch so far.
    metrics_bytes: length of metrics.jsonl at this checkpoint.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    top: Metrics | None = None
    top_epoch: int = 0
    best: Metrics | None = None
    best_step: int | None = None
    waited: int = 0
    sums: list[list[float]] = field(default_factory=list)
    metrics_bytes: int = 0


def chosen_by(train: Train, samples: int) -> Literal["validation", "last"]:
    """The rule that selects the weights of a run: "validation" if it has enough `samples` or the
    user relies on it by setting a patience; else "last", the end of training, where the learning
    rate is lowest."""
    return "validation" if samples >= FEWEST_TO_CHOOSE or train.patience else "last"


class Record:
    """Writes metrics, snapshots and checkpoints of a training run to `run`.

    val: None if nothing is held back for validation; then the last weights are used.
    card: the data description that prediction needs, stored with every checkpoint.
    slots: returns the optimizers' current state tensors by name.
    """

    def __init__(
        self,
        model: nn.Module,
        task: Task,
        recipe: Recipe,
        val: Samples | None,
        run: Recorder,
        card: dict[str, object],
        slots: Callable[[], dict[str, torch.Tensor]],
    ) -> None:
        self.model, self.task, self.recipe, self.run = model, task, recipe, run
        self.val, self.card, self.slots = val, card, slots
        self.epochs = recipe.train.epochs
        self.keeps_last = val is None or chosen_by(recipe.train, len(val)) == "last"
        self.at = Progress()
        self.held: Checkpoint | None = None

    @property
    def done(self) -> bool:
        """Whether all epochs are done, or validation has not improved for `train.patience` epochs.
        A patience of 0 means no early stopping."""
        out_of_patience = 0 < self.recipe.train.patience <= self.at.waited
        return self.at.epoch >= self.epochs or out_of_patience

    def end_epoch(self, means: list[list[float]]) -> EpochRow:
        """Validate, write the epoch's row and a snapshot, and return the row.

        means [phases 2]: mean loss and gradient norm per step. Raises NumericsError if a validation
        metric is not finite.
        """
        at = self.at
        train = {}
        for phase, (loss, norm) in zip(self.task.phases(), means):
            train[phase.name] = PhaseRow(loss=loss, gradient_norm=norm)
        val = self._validated()
        at.epoch, at.batch = at.epoch + 1, 0
        at.sums = [[0.0, 0.0] for _ in means]
        # An unvalidated row has no metrics, which a row that is read from a file must have.
        make = EpochRow if val else EpochRow.model_construct
        row = make(event="epoch", epoch=at.epoch, step=at.step, train=train, val=val)
        self.run.add(row)
        if self.val is None:
            at.best, at.best_step = val, at.step
            return row
        self.snapshot()
        improved = at.top is None or self.task.better(val, at.top)
        at.waited = 0 if improved else at.waited + 1
        if improved:
            at.top, at.top_epoch = val, at.epoch
        # A later epoch within the noise of the best one replaces it: it was trained at a lower
        # learning rate. The comparison is with `top`, so that small losses cannot add up.
        if improved or self.keeps_last or self.task.near(val, at.top or val):
            at.best, at.best_step = val, at.step
            # Kept in memory only; the next save writes it. Writing every epoch would be slow.
            self.held = self.point()
        return row

    def _validated(self) -> Metrics:
        """The metrics of the validation split; {} if there is none."""
        if self.val is None:
            return {}
        val = evaluate(self.model, self.task, self.val, self.recipe.seed)
        must_be_finite(val, text("record.validation", epoch=self.at.epoch + 1))
        return val

    def snapshot(self) -> None:
        """Write the task's snapshot arrays and, in some epochs, the weight histograms."""
        if self.val is None or not self.run.keeps_snapshots:
            return
        # The same noise each time, so that snapshots of one run differ by the weights alone.
        reseed(self.recipe.seed, "snapshot")
        batch = self.val.take(np.arange(min(len(self.val), SNAPSHOT_SAMPLES)))
        with evaluating(self.model):
            arrays = self.task.snapshot(self.model, batch)
        if arrays:
            self.run.snapshot(self.at.step, "samples", arrays)
        if self.at.epoch in histogram_epochs(self.epochs):
            self._weight_histograms(batch)

    def _weight_histograms(self, batch: Batch) -> None:
        """Write histograms of the current weights and gradients."""
        reseed(self.recipe.seed, "moment")
        self.model.eval()
        arrays = summary(self.model, self.task.phases(), batch)
        self.model.train()
        self.run.snapshot(self.at.step, "weights", arrays)

    def time(self, seconds: float, samples: int) -> None:
        """Write a row of clock time."""
        # Not among the metrics: their bytes are equal for equal runs, and clock times never are.
        row = TimeRow(epoch=self.at.epoch + 1, seconds=seconds, samples=samples)
        self.run.add_time(row)

    def point(self) -> Checkpoint:
        """A checkpoint of the current state, sufficient to resume.

        Raises NumericsError if a weight or buffer is not finite.
        """
        # Synced first: a checkpoint must not refer to rows that a power cut can still remove.
        self.at.metrics_bytes = self.run.flush()
        state = {
            "progress": dict(vars(self.at)),
            "recipe": self.recipe.digest,
            "card": self.card,
        }
        model = {name: _array(x) for name, x in self.model.state_dict().items()}
        _whole(model)
        slots = {name: _array(x) for name, x in self.slots().items()}
        return Checkpoint(self.at.step, model, slots, state)

    def save(self, last: bool = False) -> None:
        """Commit the best checkpoint if it is not on the disk yet, then the current one."""
        # The best first: `settle` names its step in best.json, so it must be on the disk by then.
        if self.held:
            self.run.commit(self.held)
            self.held = None
        self.run.commit(self.point())
        self.run.settle(self.at.best_step, finished=last)


def must_be_finite(metrics: Metrics, where: Sentence) -> None:
    """Raise NumericsError with the names of the metrics that are not finite."""
    bad = [name for name, x in metrics.items() if isinstance(x, float) and not math.isfinite(x)]
    if bad:
        raise NumericsError(
            text("record.metrics", where=where, names=bad, count=len(bad)),
            do=text("record.not_finite.do"),
        )


def _whole(model: dict[str, np.ndarray]) -> None:
    """Raise NumericsError with the names of arrays that are not finite, before they are saved."""
    # The losses do not show this: in training batch norm uses the batch's statistics, so a running
    # variance can overflow while every loss is finite.
    bad = [k for k, x in model.items() if x.dtype.kind == "f" and not np.isfinite(x).all()]
    if bad:
        raise NumericsError(
            text("record.weights", names=bad[:5], count=len(bad)), do=text("record.not_finite.do")
        )


def load_weights(model: nn.Module, point: Checkpoint) -> None:
    """Load a checkpoint's weights into the model. Raises RunError if names or shapes differ."""
    weights = {name: torch.from_numpy(x.copy()) for name, x in point.model.items()}
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise RunError(text("record.misfit", why=str(error)[:1000])) from None


def _array(x: torch.Tensor) -> np.ndarray:
    """A copy as a NumPy array."""
    # .copy(): on a CPU numpy() shares memory with the tensor, which the next step changes.
    return x.detach().cpu().contiguous().numpy().copy()


class evaluating:  # noqa: N801  (reads as a statement: with evaluating(model))
    """Context manager: eval mode without gradients inside, training mode afterwards."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    def __enter__(self) -> None:
        self.model.eval()
        # Not no_grad: inference mode also skips the version counters of tensors, and is faster.
        self.guard = torch.inference_mode()
        self.guard.__enter__()

    def __exit__(self, *error: object) -> None:
        self.guard.__exit__(*error)
        self.model.train()


def evaluate(
    model: nn.Module, task: Task, samples: Samples, seed: int, detail: bool = False
) -> Metrics:
    """A task's metrics on a split, in fp32; with `detail`, also intervals and values by class."""
    # A random stream of its own, so that the result does not depend on when it is computed.
    reseed(seed, "evaluate")
    with evaluating(model):
        return (task.detail if detail else task.evaluate)(model, samples.pieces())
