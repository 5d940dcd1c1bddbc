"""One step: every phase in order computes its loss, sends it back and moves its own parameters.

A loss or gradient that is not finite moves nothing: a flag on the device, which fused optimizers
read themselves, holds every update back from then on, and is polled now and then, so that the loop
does not wait for the device.

Where several processes share a batch, each sends back the loss of its own samples, weighted by
their share; what is added up over the processes is the gradient of the whole batch.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from typing import Any

import torch
from torch import nn

from etude.errors import NumericsError, quantity
from etude.layers.gaussian import keep_out_of_compilation
from etude.recipe import Train
from etude.shapes import Batch, Tensor
from etude.tasks.protocol import Phase
from etude.training import optimizer, schedule
from etude.training.distributed import World
from etude.training.optimizer import Optimizer

Loss = Callable[[nn.Module, Batch], Tensor]


@dataclass
class Player:
    """A phase with its parameters, those that are not its own, and its optimizers."""

    phase: Phase
    named: list[tuple[str, nn.Parameter]]
    others: list[nn.Parameter]
    optimizers: list[Optimizer]
    loss: Loss


class Step:
    """`step(batch, number)` trains on a batch. `sums` [phases 2]: losses and gradient norms so far
    in this epoch. `halt`: what a process that wants all to stop puts there; a step adds it
    up over all."""

    def __init__(
        self,
        model: nn.Module,
        phases: tuple[Phase, ...],
        train: Train,
        total: int,
        world: World | None = None,
    ) -> None:
        self.model, self.train, self.total = model, train, total
        self.world = world or World()
        self.device = next(model.parameters()).device
        self.players = [self._player(phase) for phase in phases]
        self.sums = torch.zeros(len(phases), 2, device=self.device)
        self.bad = torch.zeros((), device=self.device)
        self.halt = torch.zeros((), device=self.device)
        self.first_bad = torch.full((), float("inf"), device=self.device)
        held_back = [o.holds_back for player in self.players for o in player.optimizers]
        self.waits = self.device.type == "cpu" or not all(held_back)

    def _player(self, phase: Phase) -> Player:
        named = list(phase.parameters(self.model))
        optimizers = optimizer.build(named, self.train, **phase.optimizer)
        loss: Loss = phase.loss
        if self.train.compile == "on":
            keep_out_of_compilation()
            loss = torch.compile(phase.loss)
        mine = {p for _, p in named}
        others = [p for p in self.model.parameters() if p not in mine]
        return Player(phase, named, others, optimizers, loss)

    def __call__(self, batch: Batch, number: int, total: int = 0) -> None:
        """total: samples of the whole batch, of which `batch` is this process's share (0: all)."""
        train = self.train
        weight = len(batch.x) / (total or len(batch.x))
        rate = schedule.factor(
            train.schedule or "constant", number, self.total, train.warmup or 0.0
        )
        for index, player in enumerate(self.players):
            loss = self._gradients(player, batch, weight)
            self._add_up(player, loss, first=index == 0)
            norm = self._norm(player)
            self._watch(loss, norm, number)
            if self.waits and self.bad:
                return
            for each in player.optimizers:
                each.step(rate, None if self.waits else self.bad)
            self.sums[index] += torch.stack((loss, norm))

    def _gradients(self, player: Player, batch: Batch, weight: float = 1.0) -> Tensor:
        """Send the phase's loss back, and return it; both times this share's weight."""
        with self._only(player):
            for each in player.optimizers:
                each.zero_grad()
            with self._autocast():
                loss = player.loss(self.model, batch)
            loss = loss if weight == 1 else loss * weight
            loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def _add_up(self, player: Player, loss: Tensor, first: bool) -> None:
        """The gradient and loss of the whole batch; once a step, who wants to stop."""
        gradients = [p.grad for _, p in player.named if p.grad is not None]
        self.world.add_up([*gradients, loss, *([self.halt] if first else [])])

    def _norm(self, player: Player) -> Tensor:
        """The norm of the phase's gradient, which is then clipped."""
        parameters = [p for _, p in player.named]
        gradients = [p.grad for p in parameters if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        if self.train.clip:
            torch.nn.utils.clip_grads_with_norm_(parameters, self.train.clip, norm)
        return norm

    @contextmanager
    def _only(self, player: Player) -> Iterator[None]:
        """Let gradients reach this player's parameters alone."""
        for p in player.others:
            p.requires_grad_(False)
        try:
            yield
        finally:
            for p in player.others:
                p.requires_grad_(True)

    def _autocast(self) -> Any:
        return torch.autocast(
            self.device.type, dtype=torch.bfloat16, enabled=self.train.precision == "bf16"
        )

    def _watch(self, loss: Tensor, norm: Tensor, number: int) -> None:
        """Raise the flag, for good, at the first number that is not finite."""
        worst = loss.float() + norm
        if self.waits:  # looked at each step anyway, so by Python, in a tenth of the time
            if not isfinite(worst):
                self.bad.fill_(1)
                self.first_bad.clamp_(max=number)
            return
        fine = torch.isfinite(worst)
        self.bad.copy_(torch.maximum(self.bad, (~fine).float()))
        self.first_bad.copy_(torch.where(fine, self.first_bad, self.first_bad.clamp(max=number)))

    def diagnose(self, batch: Batch, number: int) -> NumericsError:
        """Why the step was not taken: no weight has moved since, so it can be looked at again."""
        for player in self.players:
            loss = self._gradients(player, batch)
            hurt = [name for name, p in player.named if not _finite(p.grad)]
            if not _finite(loss) or hurt:
                break
        what = "the loss" if not _finite(loss) else "the gradient"
        blame = self._culprits(player, batch)
        where = (
            f"first in {hurt[0]}, of {quantity(len(hurt), 'parameter')}"
            if hurt
            else "in no gradient yet"
        )
        return NumericsError(
            f"Step {number}, phase {player.phase.name}: {what} is not finite ({where}); "
            f"the update was not made. Samples {blame}.",
            do=f"Lower train.lr (now {self.train.lr}), set train.clip, or look at those samples; "
            "what was saved before is untouched.",
        )

    def _culprits(self, player: Player, batch: Batch) -> str:
        """The samples of the batch that are not finite, or whose loss is not, in eval mode."""
        bad = ~torch.isfinite(batch.x).flatten(1).all(1).cpu().numpy()
        if bad.any():
            return f"that are not finite themselves: {sorted(map(int, batch.samples[bad]))}"
        if not all(map(_finite, self.model.buffers())):  # batch norm's, since the bad step
            return f"of the batch: {sorted(map(int, batch.samples))}"
        self.model.eval()
        alone = []
        for i, sample in enumerate(batch.samples):
            part = slice(i, i + 1)
            lengths = None if batch.lengths is None else batch.lengths[part]
            one = Batch(batch.x[part], batch.y[part], lengths, batch.samples[part])
            with torch.no_grad(), self._autocast():
                if not _finite(player.phase.loss(self.model, one)):
                    alone.append(int(sample))
        self.model.train()
        if len(alone) == len(batch.samples):
            return "of the batch: all are so by themselves, so the weights or the rate are at fault"
        if alone:
            return f"with a loss that is not finite by themselves: {alone}"
        return f"of the batch, none of them bad by itself: {sorted(map(int, batch.samples))}"


def _finite(x: Tensor | None) -> bool:
    return x is None or bool(torch.isfinite(x).all())
