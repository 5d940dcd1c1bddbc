"""What is kept of a run while it trains: a row an epoch, snapshots, the checkpoint that validation
thinks best.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import torch
from torch import nn

from etude.errors import NumericsError, RunError
from etude.recipe import Recipe, Train
from etude.runs import folder as files
from etude.runs.checkpoint import Checkpoint
from etude.runs.folder import RunFolder
from etude.shapes import Batch
from etude.tasks.protocol import Metrics, Task
from etude.training.randomness import reseed
from etude.training.weight_histograms import moments, summary

SNAPSHOT_SAMPLES = 16
FEWEST_TO_CHOOSE = 30
"""Validation samples from which they may choose between epochs. Below, the standard error of an
accuracy is up to 9 points or more, so the epoch that looks best is mostly the luckiest."""


@runtime_checkable
class Samples(Protocol):
    """A split where the model is."""

    def __len__(self) -> int: ...

    def take(self, samples: np.ndarray, key: int | None = None) -> Batch:
        """The Batch of these samples, augmented by (key, sample) where a key is given."""

    def pieces(self) -> Iterator[Batch]:
        """All samples in order, none left out, in batches of a size that is quick to read."""


@dataclass
class Progress:
    """Where the loop stands: all of it goes into a checkpoint.

    top: the best validation metrics so far. best: those of the checkpoint that will be kept, which
    is the latest that validation cannot tell from the top, or simply the latest (see `chosen_by`).
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
    """What decides which weights are kept: validation, where it has enough `samples` or the user
    relies on it by setting a patience; else the end of training, where the learning rate is
    lowest."""
    return "validation" if samples >= FEWEST_TO_CHOOSE or train.patience else "last"


class Record:
    """Writes what happens to `model`, a run of `recipe`, into `run`. `card`: what prediction must
    know, stored with every checkpoint. `slots`: gives the optimizer's tensors as they are now."""

    def __init__(
        self,
        model: nn.Module,
        task: Task,
        recipe: Recipe,
        val: Samples,
        run: RunFolder,
        card: dict[str, Any],
        slots: Callable[[], dict[str, torch.Tensor]],
    ) -> None:
        self.model, self.task, self.recipe, self.run = model, task, recipe, run
        self.val, self.card, self.slots = val, card, slots
        self.epochs = recipe.train.epochs or 1
        self.keeps_last = chosen_by(recipe.train, len(val)) == "last"
        self.at = Progress()
        self.held: Checkpoint | None = None

    @property
    def done(self) -> bool:
        """Whether there is nothing left to train, or nothing to hope for."""
        out_of_patience = 0 < self.recipe.train.patience <= self.at.waited
        return self.at.epoch >= self.epochs or out_of_patience

    def end_epoch(self, means: list[list[float]]) -> dict[str, Any]:
        """Validate, write the epoch's line, which is returned, and keep a snapshot. means
        [phases 2]: loss and gradient norm a step. Raises NumericsError."""
        at = self.at
        train = {}
        for phase, (loss, norm) in zip(self.task.phases(), means):
            train[phase.name] = {"loss": loss, "gradient_norm": norm}
        val = evaluate(self.model, self.task, self.val, self.recipe.seed)
        must_be_finite(val, f"Epoch {at.epoch + 1}, validation")
        at.epoch, at.batch = at.epoch + 1, 0
        at.sums = [[0.0, 0.0] for _ in means]
        row = {"event": "epoch", "epoch": at.epoch, "step": at.step, "train": train, "val": val}
        files.append(self.run.metrics, row)
        self.snapshot()
        higher = at.top is None or self.task.better(val, at.top)
        at.waited = 0 if higher else at.waited + 1
        if higher:
            at.top, at.top_epoch = val, at.epoch
        if higher or self.keeps_last or self.task.near(val, at.top or val):
            at.best, at.best_step = val, at.step
            self.held = self.point()
        return row

    def snapshot(self) -> None:
        """What the task wants drawn later, from the same noise each time."""
        reseed(self.recipe.seed, "snapshot")
        batch = self.val.take(np.arange(min(len(self.val), SNAPSHOT_SAMPLES)))
        with evaluating(self.model):
            arrays = self.task.snapshot(self.model, batch)
        if arrays:
            self.run.snapshot(self.at.step, "samples", arrays)
        if self.at.epoch in moments(self.epochs):
            self._moment(batch)

    def _moment(self, batch: Batch) -> None:
        """How large weights and gradients are now."""
        reseed(self.recipe.seed, "moment")
        self.model.eval()
        arrays = summary(self.model, self.task.phases(), batch)
        self.model.train()
        self.run.snapshot(self.at.step, "weights", arrays)

    def time(self, seconds: float, samples: int) -> None:
        """Clock times stand apart from the metrics, which are the same whenever they are made."""
        row = {"epoch": self.at.epoch + 1, "seconds": seconds, "samples": samples}
        files.append(self.run.timing, row)

    def point(self) -> Checkpoint:
        """All that is needed to go on from here. Raises NumericsError."""
        self.at.metrics_bytes = files.size(self.run.metrics)
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
        """Commit the best if it is newer than what is on the disk, then where we are."""
        if self.held:
            self.run.commit(self.held)
            self.held = None
        self.run.commit(self.point())
        self.run.settle(self.at.best_step, finished=last)


def must_be_finite(metrics: Metrics, where: str) -> None:
    """Raise NumericsError naming the measures that are not finite."""
    bad = [name for name, x in metrics.items() if isinstance(x, float) and not math.isfinite(x)]
    if bad:
        raise NumericsError(
            f"{where}: {', '.join(bad)} is not finite, though the weights are.",
            do="Lower train.lr, or look at the data's largest values. Checkpoints are untouched.",
        )


def _whole(model: dict[str, np.ndarray]) -> None:
    """Raise NumericsError naming what is not finite in a model that is about to be saved: a buffer
    can become so (a running variance, say) while every loss is fine."""
    bad = [k for k, x in model.items() if x.dtype.kind == "f" and not np.isfinite(x).all()]
    if bad:
        raise NumericsError(
            f"Not finite in the model: {', '.join(bad[:5])}, {len(bad)} in all; it was not saved.",
            do="Lower train.lr, or look at the data's largest values. Checkpoints are untouched.",
        )


def load_weights(model: nn.Module, point: Checkpoint) -> None:
    """Put a checkpoint's weights into the model. Raises RunError if they are not its own."""
    weights = {name: torch.from_numpy(x.copy()) for name, x in point.model.items()}
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        why = str(error)[:1000]
        raise RunError(f"The checkpoint does not fit its recipe's model: {why}") from None


def _array(x: torch.Tensor) -> np.ndarray:
    """A copy that later steps do not change."""
    return x.detach().cpu().contiguous().numpy().copy()


class evaluating:  # noqa: N801  (reads as a statement: with evaluating(model))
    """Eval mode and no gradients inside; train mode again after."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    def __enter__(self) -> None:
        self.model.eval()
        self.guard = torch.inference_mode()
        self.guard.__enter__()

    def __exit__(self, *error: Any) -> None:
        self.guard.__exit__(*error)
        self.model.train()


def evaluate(
    model: nn.Module, task: Task, samples: Samples, seed: int, detail: bool = False
) -> Metrics:
    """A task's metrics over a split, in fp32, with noise from a stream of its own."""
    reseed(seed, "evaluate")
    with evaluating(model):
        return (task.detail if detail else task.evaluate)(model, samples.pieces())
