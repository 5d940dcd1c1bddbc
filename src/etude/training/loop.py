"""The training loop: steps over the batches of each epoch, validation, snapshots, checkpoints.

    start (or restore) -> for each epoch: for each batch: step -> validate -> snapshot -> save
    -> the best weights -> the test split, once

The position of the loop is (epoch, batch). The order of the samples, their augmentation and all
noise are functions of the seed and that position, so a run that is resumed in the middle of an
epoch computes the same weights as an uninterrupted run.
"""

import signal
import time
from collections.abc import Callable

import torch
from torch import nn

from etude.errors import Interrupted, RunError, Stopped
from etude.layers.gaussian import BatchNoise
from etude.locale.texts import text
from etude.recipe import Recipe, digest_of
from etude.runs.recorder import Recorder
from etude.shapes import Batch
from etude.tasks.protocol import Task
from etude.training import optimizer
from etude.training.distributed import World
from etude.training.randomness import key, order, reseed
from etude.training.record import Progress, Record, Samples, load_weights
from etude.training.signals import Signals, signal_number
from etude.training.step import Step

POLL = 16
"""Steps between two reads of the flags on the device: each read waits for all work before it."""

Listener = Callable[[str, dict[str, object]], None]


class Loop:
    """Trains `model` on the samples of `train` and writes metrics and checkpoints to `run`.

    val: None if nothing is held back for validation; then the last weights are used.
    card: the data description that prediction needs; stored with every checkpoint.
    listen: called with (event, values) for the start, steps, epochs, saved checkpoints and notes.
    world: with several processes, only rank 0 evaluates and writes.
    """

    def __init__(
        self,
        model: nn.Module,
        task: Task,
        recipe: Recipe,
        train: Samples,
        val: Samples | None,
        run: Recorder,
        card: dict[str, object],
        listen: Listener,
        world: World,
    ) -> None:
        self.world = world
        self.model, self.recipe, self.run = model, recipe, run
        self.train, self.listen = train, listen
        self.size = recipe.train.batch_size
        self.epochs = recipe.train.epochs
        # Samples that do not fill a last batch are left out; each epoch's order leaves out others.
        self.batches = len(train) // self.size
        total = self.epochs * self.batches
        self.step = Step(model, task.phases(), recipe.train, total, self.world)
        self.record = Record(model, task, recipe, val, run, card, self._slots)
        self.saved = time.monotonic()  # a clock that does not jump when the time of day is set

    @property
    def at(self) -> Progress:
        """The current position and the metrics so far."""
        return self.record.at

    def _slots(self) -> dict[str, torch.Tensor]:
        """The state tensors of all optimizers, by name."""
        slots: dict[str, torch.Tensor] = {}
        for state in self.step.phase_states:
            slots |= optimizer.tensors(state.optimizers, state.named, state.phase.name)
        return slots

    def fit(self) -> None:
        """Train to the end, starting at the newest checkpoint if there is one.

        Raises NumericsError for values that are not finite, StorageError if the disk fails, and
        Interrupted (Ctrl-C) or Stopped (SIGTERM) after it has saved a checkpoint.
        """
        self.model.train()
        # The weights before any step are a snapshot too: pictures over time start with it. A
        # resumed run has it already.
        if not self._restore() and self.world.first:
            self.record.snapshot()
        self.listen("start", {"step": self.at.step})
        with Signals() as signals:
            while not self.record.done:
                self._epoch(signals)
            # Inside the context: a signal now must not interrupt the last checkpoint.
            self._save(last=True)

    def _epoch(self, signals: Signals) -> None:
        """The rest of the current epoch, then its validation."""
        seed, at = self.recipe.seed, self.at
        began, first = time.monotonic(), at.batch
        samples = order(seed, at.epoch, len(self.train))
        augment_key = key(seed, "augment", at.epoch)
        while at.batch < self.batches:
            # Saving comes before a step, not after it: after the last step of an epoch the same
            # step number would name two states, before and after validation.
            if self.world.first and time.monotonic() - self.saved > self.recipe.train.save_seconds:
                self._save()
            start = at.batch * self.size
            batch = self.train.take(
                self.world.share(samples[start : start + self.size]), augment_key
            )
            # The step sums `halt` over the processes, so that all of them stop at the same step
            # even if only one received the signal.
            self.step.halt.fill_(signals.weight)
            self._step(batch, at.step)
            at.batch, at.step = at.batch + 1, at.step + 1
            # Reading a flag makes a GPU finish its queue, so only every POLL-th step reads it.
            polls = self.step.waits or at.step % POLL == 0 or at.batch == self.batches
            if polls:
                self._check_numbers()
            self.listen("step", {"epoch": at.epoch, "batch": at.batch, "step": at.step})
            # After the last batch the epoch is validated first; the signal is handled below.
            if polls and self.step.halt and at.batch < self.batches:
                self._time(began, first)
                self._leave(signal_number(float(self.step.halt)))
        self._time(began, first)
        self._end_epoch()
        # Only rank 0 validates, so only it knows how many epochs passed without improvement.
        at.waited, caught = self.world.agree([at.waited, signals.caught])
        if caught:
            self._leave(caught)

    def _step(self, batch: Batch, number: int) -> None:
        """One step with random generators seeded by its number."""
        seed, world = self.recipe.seed, self.world
        # Dropout differs by rank, because each process has other samples. The noise of the codes is
        # drawn for the whole batch, so that it does not depend on the number of processes.
        reseed(seed, "step", number, world.rank)
        noise = BatchNoise(key(seed, "noise", number), world.rank, world.size, self.size)
        self.step(batch, number, self.size, noise)

    def _check_numbers(self) -> None:
        """Raise NumericsError if a step since the last check had values that are not finite."""
        if not self.step.bad:
            return
        # Several steps of this epoch may have passed since; no weight moved in them, so the first
        # bad step can be repeated here with its own batch and seed to name the cause.
        number, epoch = int(self.step.first_bad), self.at.epoch
        start = (number - (self.at.step - self.at.batch)) * self.size
        samples = order(self.recipe.seed, epoch, len(self.train))[start : start + self.size]
        batch = self.train.take(samples, key(self.recipe.seed, "augment", epoch))
        seed = self.recipe.seed
        reseed(seed, "step", number, 0)
        noise = BatchNoise(key(seed, "noise", number), 0, 1, len(samples))
        raise self.step.diagnose(batch, number, noise)

    def _time(self, began: float, first: int) -> None:
        """Write the time since `began` for the samples from batch `first` on."""
        if self.world.first:
            seconds = time.monotonic() - began
            self.record.time(seconds, (self.at.batch - first) * self.size)

    def _end_epoch(self) -> None:
        """Validate and record the epoch (rank 0), or only advance the position (other ranks)."""
        # Read once per epoch and not after each step, because a read makes a GPU finish its queue.
        means = (self.step.sums / self.batches).tolist()
        self.step.sums.zero_()
        if self.world.first:
            self.listen("epoch", self.record.end_epoch(means).plain())
        else:
            self.at.epoch, self.at.batch = self.at.epoch + 1, 0

    def _save(self, last: bool = False) -> None:
        """Write a checkpoint (rank 0). Raises NumericsError instead of saving bad values."""
        self._check_numbers()
        if not self.world.first:
            return
        # The epoch's sums so far are part of the state: a resumed epoch reports the same means.
        self.at.sums = self.step.sums.tolist()
        self.record.save(last)
        self.saved = time.monotonic()
        if not last:
            self.listen("saved", {"step": self.at.step})

    def _leave(self, number: int) -> None:
        """Save, then raise Interrupted or Stopped for the signal with this number."""
        self._save()
        kind = Interrupted if number == signal.SIGINT else Stopped
        raise kind(self.run.stopped(self.at.epoch, self.epochs), do=self.run.how_to_continue)

    def _is_ours(self, digest: object) -> bool:
        """Whether a checkpoint with this digest belongs to this run's recipe."""
        # A version that lacked some of today's fields computed the digest of the file as it wrote
        # it, so the file's own digest counts as well as that of the completed recipe.
        return digest in (self.recipe.digest, digest_of(self.run.read("recipe.json")))

    def _restore(self) -> bool:
        """Load the newest valid checkpoint. Returns False if there is none."""
        point, skipped = self.run.newest()
        for why in skipped:
            self.listen("note", {"text": text("loop.skipped", why=why)})
        # Without a shared disk the ranks would start from different steps.
        if self.world.agree(point and point.step) != (point and point.step):
            raise RunError(
                text("loop.not_shared", where=self.run.where), do=text("loop.not_shared.do")
            )
        if point is None:
            # Rows that an interrupted first epoch wrote belong to no checkpoint; start empty.
            if self.world.first:
                self.run.rewind(0)
            return False
        if not self._is_ours(point.state.get("recipe")):
            raise RunError(text("loop.other_recipe", where=self.run.where))
        if point.state.get("weights_only"):
            where = self.run.where
            raise RunError(
                text("loop.weights_only", where=where), do=text("loop.weights_only.do", where=where)
            )
        load_weights(self.model, point)
        slots = {name: torch.from_numpy(x.copy()) for name, x in point.optimizer.items()}
        try:
            for state in self.step.phase_states:
                optimizer.restore(state.optimizers, state.named, state.phase.name, slots)
            self.record.at = Progress(**point.state["progress"])
            self.step.sums.copy_(torch.tensor(self.at.sums))
        except (KeyError, TypeError, ValueError, IndexError, RuntimeError) as error:
            raise RunError(
                text("loop.incomplete", where=self.run.where, why=str(error)[:300])
            ) from None
        if self.world.first:
            # Rows after the checkpoint will be written again by the steps that are repeated.
            self.run.rewind(self.at.metrics_bytes)
        self.listen("note", {"text": text("loop.resumed", step=self.at.step)})
        return True
