"""The loop: epochs of steps, a look at the validation data after each, a checkpoint now and then.

    start (or restore) -> for each epoch: for each batch: step -> validate -> snapshot -> save
    -> the best weights -> the test split, once

Where the loop stands is (epoch, batch); the order of samples, their augmentation and all noise are
functions of that, so a run that is resumed in the middle of an epoch goes on as if never stopped.
"""

import signal
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from etude.errors import Interrupted, RunError, Stopped
from etude.layers.gaussian import Draws, drawing
from etude.recipe import Recipe
from etude.runs import folder as files
from etude.runs.folder import RunFolder
from etude.shapes import Batch
from etude.tasks.protocol import Task
from etude.training import optimizer
from etude.training.distributed import World
from etude.training.randomness import key, order, reseed
from etude.training.record import Progress, Record, Samples, load_weights
from etude.training.signals import Signals, named
from etude.training.step import Step

POLL = 16

Listener = Callable[[str, dict[str, Any]], None]


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
        self.model, self.recipe, self.run = model, recipe, run
        self.train, self.listen = train, listen
        self.size = recipe.train.batch_size or 1
        self.epochs = recipe.train.epochs or 1
        self.batches = len(train) // self.size
        total = self.epochs * self.batches
        self.step = Step(model, task.phases(), recipe.train, total, self.world)
        self.record = Record(model, task, recipe, val, run, card, self._slots)
        self.saved = time.monotonic()

    @property
    def at(self) -> Progress:
        """Where it stands."""
        return self.record.at

    def _slots(self) -> dict[str, torch.Tensor]:
        slots: dict[str, torch.Tensor] = {}
        for player in self.step.players:
            slots |= optimizer.tensors(player.optimizers, player.named, player.phase.name)
        return slots

    def fit(self) -> None:
        """Train to the end, from the newest checkpoint if there is one.

        Raises NumericsError, StorageError, or Interrupted and Stopped after saving.
        """
        self.model.train()
        if not self._restore() and self.world.first:
            self.record.snapshot()
        with Signals() as signals:
            while not self.record.done:
                self._epoch(signals)
            self._save(last=True)

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
        if self.world.first:
            seconds = time.monotonic() - began
            self.record.time(seconds, (self.at.batch - first) * self.size)

    def _end_epoch(self) -> None:
        means = (self.step.sums / self.batches).tolist()
        self.step.sums.zero_()
        if self.world.first:
            self.listen("epoch", self.record.end_epoch(means))
        else:
            self.at.epoch, self.at.batch = self.at.epoch + 1, 0

    def _save(self, last: bool = False) -> None:
        self._check_numbers()
        if not self.world.first:
            return
        self.at.sums = self.step.sums.tolist()
        self.record.save(last)
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

    def _is_ours(self, digest: Any) -> bool:
        """Whether a checkpoint of this digest is of this run's recipe: as it is completed today, or
        as it was written down, perhaps by a version that lacked some of today's fields."""
        written = Recipe.read(self.run.read("recipe.json"))
        return digest in (self.recipe.digest, written.digest)

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
        if not self._is_ours(point.state.get("recipe")):
            raise RunError(f"{self.run.path}: the checkpoint is not of this recipe.")
        load_weights(self.model, point)
        slots = {name: torch.from_numpy(x.copy()) for name, x in point.optimizer.items()}
        try:
            for player in self.step.players:
                optimizer.restore(player.optimizers, player.named, player.phase.name, slots)
            self.record.at = Progress(**point.state["progress"])
            self.step.sums.copy_(torch.tensor(self.at.sums))
        except (KeyError, TypeError, ValueError, IndexError, RuntimeError) as error:
            why = str(error)[:300]
            raise RunError(f"{self.run.path}: its checkpoint is not whole ({why}).") from None
        if self.world.first:
            files.cut(self.run.metrics, self.at.metrics_bytes)
            files.whole_lines(self.run.timing)
        self.listen("note", {"text": f"goes on from step {self.at.step}"})
        return True
