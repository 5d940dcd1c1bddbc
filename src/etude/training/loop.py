"""The loop: epochs of steps, a look at the validation data after each, a checkpoint now and then.

    start (or restore) -> for each epoch: for each batch: step -> validate -> snapshot -> save
    -> the best weights -> the test split, once

Where the loop stands is (epoch, batch); the order of samples, their augmentation and all noise are
functions of that, so a run that is resumed in the middle of an epoch goes on as if never stopped.
"""

import math
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import nn

from etude.errors import Interrupted, NumericsError, RunError, Stopped
from etude.layers.gaussian import Draws, drawing
from etude.recipe import Recipe
from etude.runs import folder as files
from etude.runs.checkpoint import Checkpoint
from etude.runs.folder import RunFolder
from etude.shapes import Batch
from etude.tasks.protocol import Metrics, Task
from etude.training import optimizer
from etude.training.distributed import World
from etude.training.moments import moments, summary
from etude.training.randomness import key, order, reseed
from etude.training.signals import Signals, named
from etude.training.step import Step

SNAPSHOT_SAMPLES = 16
POLL = 16

Listener = Callable[[str, dict[str, Any]], None]


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
    is the latest that validation cannot tell from the top.
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


class Loop:
    """Trains `model` on `train` and keeps what happens in `run`. `card`: what prediction must know,
    stored with every checkpoint. `listen` is told of steps and epochs. Of several processes in
    `world`, the first alone evaluates and writes."""

    def __init__(
        self,
        model: nn.Module,
        task: Task,
        recipe: Recipe,
        train: Samples,
        val: Samples,
        run: RunFolder,
        card: dict[str, Any],
        listen: Listener,
        world: World | None = None,
    ) -> None:
        self.world = world or World()
        self.model, self.task, self.recipe, self.run = model, task, recipe, run
        self.train, self.val, self.card, self.listen = train, val, card, listen
        self.size = recipe.train.batch_size or 1
        self.epochs = recipe.train.epochs or 1
        self.batches = len(train) // self.size
        total = self.epochs * self.batches
        self.step = Step(model, task.phases(), recipe.train, total, self.world)
        self.at = Progress()
        self.held: Checkpoint | None = None
        self.saved = time.monotonic()

    def fit(self) -> None:
        """Train to the end, from the newest checkpoint if there is one.

        Raises NumericsError, StorageError, or Interrupted and Stopped after saving.
        """
        self.model.train()
        if not self._restore():
            self._snapshot()
        with Signals() as signals:
            while self.at.epoch < self.epochs and not self._patience_is_out():
                self._epoch(signals)
            self._save(last=True)

    def _patience_is_out(self) -> bool:
        return 0 < self.recipe.train.patience <= self.at.waited

    def _epoch(self, signals: Signals) -> None:
        seed, at = self.recipe.seed, self.at
        began, first = time.monotonic(), at.batch
        samples = order(seed, at.epoch, len(self.train))
        augment_key = key(seed, "augment", at.epoch)
        while at.batch < self.batches:
            # Before a step, not after it: at the end of an epoch one step would have two states.
            if self.world.first and time.monotonic() - self.saved > self.recipe.train.save_seconds:
                self._save()
            start = at.batch * self.size
            batch = self.train.take(
                self.world.share(samples[start : start + self.size]), augment_key
            )
            self.step.halt.fill_(signals.weight)
            self._step(batch, at.step)
            at.batch, at.step = at.batch + 1, at.step + 1
            polls = self.step.waits or at.step % POLL == 0 or at.batch == self.batches
            if polls:
                self._check_numbers()
            self.listen("step", {"epoch": at.epoch, "batch": at.batch, "step": at.step})
            if polls and self.step.halt and at.batch < self.batches:
                self._time(began, first)
                self._leave(named(float(self.step.halt)))
        self._time(began, first)
        self._end_epoch()
        at.waited, caught = self.world.agree([at.waited, signals.caught])
        if caught:
            self._leave(caught)

    def _step(self, batch: Batch, number: int) -> None:
        """One step with its own randomness: dropout by process, noise for the whole batch."""
        seed, world = self.recipe.seed, self.world
        reseed(seed, "step", number, world.rank)
        with drawing(Draws(key(seed, "noise", number), world.rank, world.size, self.size)):
            self.step(batch, number, self.size)

    def _check_numbers(self) -> None:
        if not self.step.bad:
            return
        number = int(self.step.first_bad)
        epoch, position = divmod(number, self.batches)
        start = position * self.size
        samples = order(self.recipe.seed, epoch, len(self.train))[start : start + self.size]
        batch = self.train.take(samples, key(self.recipe.seed, "augment", epoch))
        reseed(self.recipe.seed, "step", number, 0)
        raise self.step.diagnose(batch, number)

    def _time(self, began: float, first: int) -> None:
        """Clock times stand apart from the metrics, which are the same whenever they are made."""
        if not self.world.first:
            return
        row = {
            "epoch": self.at.epoch + 1,
            "seconds": time.monotonic() - began,
            "samples": (self.at.batch - first) * self.size,
        }
        files.append(self.run.timing, row)

    def _end_epoch(self) -> None:
        """Validate, write the epoch's line, and keep a snapshot."""
        at = self.at
        if not self.world.first:
            self.step.sums.zero_()
            at.epoch, at.batch = at.epoch + 1, 0
            return
        means = (self.step.sums / self.batches).tolist()
        train = {}
        for phase, (loss, norm) in zip(self.task.phases(), means):
            train[phase.name] = {"loss": loss, "gradient_norm": norm}
        val = evaluate(self.model, self.task, self.val, self.recipe.seed)
        must_be_finite(val, f"Epoch {at.epoch + 1}, validation")
        self.step.sums.zero_()
        at.epoch, at.batch = at.epoch + 1, 0
        row = {"event": "epoch", "epoch": at.epoch, "step": at.step, "train": train, "val": val}
        files.append(self.run.metrics, row)
        self._snapshot()
        higher = at.top is None or self.task.better(val, at.top)
        at.waited = 0 if higher else at.waited + 1
        if higher:
            at.top, at.top_epoch = val, at.epoch
        if higher or self.task.near(val, at.top or val):
            at.best, at.best_step = val, at.step
            self.held = self._point()
        self.listen("epoch", row)

    def _snapshot(self) -> None:
        """What the task wants drawn later, from the same noise each time."""
        if not self.world.first:
            return
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

    def _point(self) -> Checkpoint:
        """All that is needed to go on from here."""
        self.at.sums = self.step.sums.tolist()
        self.at.metrics_bytes = files.size(self.run.metrics)
        slots: dict[str, torch.Tensor] = {}
        for player in self.step.players:
            slots |= optimizer.tensors(player.optimizers, player.named, player.phase.name)
        state = {
            "progress": dict(vars(self.at)),
            "recipe": self.recipe.digest,
            "card": self.card,
        }
        model = {name: _array(x) for name, x in self.model.state_dict().items()}
        _whole(model)
        return Checkpoint(
            self.at.step, model, {name: _array(x) for name, x in slots.items()}, state
        )

    def _save(self, last: bool = False) -> None:
        """Commit the best if it is newer than what is on the disk, then where we are."""
        self._check_numbers()
        if not self.world.first:
            return
        if self.held:
            self.run.commit(self.held)
            self.held = None
        self.run.commit(self._point())
        self.run.settle(self.at.best_step, finished=last)
        self.saved = time.monotonic()
        if not last:
            self.listen("saved", {"step": self.at.step})

    def _leave(self, number: int) -> None:
        self._save()
        kind = Interrupted if number == signal.SIGINT else Stopped
        done = f"{self.at.epoch} of {self.epochs} epochs done"
        raise kind(
            f"{self.run.path}: stopped and saved, {done}.",
            do=f"Go on with it: etude resume {self.run.path}",
        )

    def _restore(self) -> bool:
        """Go back to the newest whole checkpoint. False if there is none."""
        point, skipped = self.run.newest()
        for why in skipped:
            self.listen("note", {"text": f"passed over: {why}"})
        if self.world.agree(point and point.step) != (point and point.step):
            raise RunError(
                f"{self.run.path}: the processes of this job see different checkpoints here.",
                do="Give all machines the same disk.",
            )
        if point is None:
            if self.world.first:
                files.cut(self.run.metrics, 0)
                files.cut(self.run.timing, 0)
            return False
        if point.state.get("recipe") != self.recipe.digest:
            raise RunError(f"{self.run.path}: the checkpoint is not of this recipe.")
        load_weights(self.model, point)
        slots = {name: torch.from_numpy(x.copy()) for name, x in point.optimizer.items()}
        try:
            for player in self.step.players:
                optimizer.restore(player.optimizers, player.named, player.phase.name, slots)
            self.at = Progress(**point.state["progress"])
            self.step.sums.copy_(torch.tensor(self.at.sums))
        except (KeyError, TypeError, ValueError, IndexError, RuntimeError) as error:
            why = str(error)[:300]
            raise RunError(f"{self.run.path}: its checkpoint is not whole ({why}).") from None
        if self.world.first:
            files.cut(self.run.metrics, self.at.metrics_bytes)
            files.whole_lines(self.run.timing)
        self.listen("note", {"text": f"goes on from step {self.at.step}"})
        return True


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
