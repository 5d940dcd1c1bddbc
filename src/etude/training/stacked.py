"""Members trained together: same model, data and schedule, each with its own seed, rate and decay,
in one batched step.

    M members · N batch · P numbers a member

Parameters lie as rows [M P]; the loss is the one phase's, mapped over the members, and each
member's gradient is its own, because no member's loss depends on another's parameters. Starts,
order and augmentation are those of each seed, so that without dropout a member comes to what its
lone run comes to, up to rounding; dropout is drawn for all at once, and is equal in law only.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.func import functional_call, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from etude.errors import NumericsError
from etude.layers.dropout import mapped as over_members
from etude.recipe import Train
from etude.shapes import Batch, Tensor
from etude.tasks.protocol import Phase
from etude.training import schedule
from etude.training.optimizer import SLOTS, decays
from etude.training.randomness import key, order, reseed
from etude.training.record import Record, Samples
from etude.training.signals import Signals
from etude.training.step import Loss, Step
from etude.training.updates import KINDS, Update

Note = Callable[[str], None]
"""Is told what is worth a line of its own."""
TOLD_EVERY = 5.0
"""Seconds."""
CLIP_EPSILON = 1e-6
"""As torch.nn.utils.clip_grads_with_norm_."""


class _Whole(nn.Module):
    """Model and loss as one module, so that a call can be given parameters of its own."""

    def __init__(self, model: nn.Module, loss: Loss) -> None:
        super().__init__()
        self.model, self.loss = model, loss

    def forward(self, x: Tensor, y: Tensor, lengths: Tensor | None) -> Tensor:
        return self.loss(self.model, Batch(x, y, lengths, np.zeros(0, np.int64)))


def _parts(rows: Tensor, like: Sequence[Tensor]) -> Iterator[Tensor]:
    """Rows [M P] cut into parts [M ...] of these shapes, one after another."""
    start = 0
    for p in like:
        yield rows[:, start : start + p.numel()].view(len(rows), *p.shape)
        start += p.numel()


class Stack:
    """`stack(batch, number)` is one step of all members, on batches [M N ...].

    models: one a member, as it starts; the first is used from then on to hold whichever member is
    looked at (`load`). sums [M 2]: losses and gradient norms so far in this epoch. going [M]: who
    still moves; a loss or gradient that is not finite ends that, and no other member sees it.
    """

    def __init__(
        self, models: Sequence[nn.Module], phase: Phase, trains: Sequence[Train], total: int
    ) -> None:
        self.model, self.phase, self.trains, self.total = models[0], phase, trains, total
        named = sorted(phase.parameters(self.model), key=lambda pair: not decays(*pair))
        with torch.no_grad():
            members = [dict(model.named_parameters()) for model in models]
            rows = [torch.cat([own[name].flatten() for name, _ in named]) for own in members]
            self.rows = torch.stack(rows)
        self.gradients = torch.empty_like(self.rows)
        like = [p for _, p in named]
        self.places = list(_parts(self.gradients, like))
        leaves = (part.detach().requires_grad_() for part in _parts(self.rows, like))
        self.parameters = {name: leaf for (name, _), leaf in zip(named, leaves)}
        owned = [dict(model.named_buffers()) for model in models]
        self.buffers = {name: torch.stack([own[name] for own in owned]) for name in owned[0]}
        decaying = sum(p.numel() for name, p in named if decays(name, p))
        other = {key: x for key, x in phase.optimizer.items() if key == "betas"}
        self.update = Update(trains[0].optimizer or "", self.rows, decaying, **other)
        factor = phase.optimizer.get("lr_factor", 1.0)
        self.rates = self.rows.new_tensor([[(t.lr or 0.0) * factor] for t in trains])
        self.decays = self.rows.new_tensor([[t.weight_decay or 0.0] for t in trains])
        self.sums = self.rows.new_zeros(len(models), 2)
        self.going = torch.ones(len(models), dtype=torch.bool, device=self.rows.device)
        self.first_bad = torch.full((len(models),), -1, device=self.rows.device)
        self.whole = _Whole(self.model, phase.loss).train()

    def __len__(self) -> int:
        return len(self.rows)

    def __call__(self, batch: Batch, number: int) -> None:
        train = self.trains[0]
        losses, gradients = self._gradients(batch), self.gradients
        norms = torch.linalg.vector_norm(gradients, dim=1)
        fine = torch.isfinite(losses + norms)
        self.first_bad.masked_fill_(self.going & ~fine, number)
        self.going &= fine
        if train.clip:
            gradients *= (train.clip / (norms + CLIP_EPSILON)).clamp(max=1.0)[:, None]
        share = schedule.factor(
            train.schedule or "constant", number, self.total, train.warmup or 0.0
        )
        self.update(gradients, self.rates * share, self.decays, self.going)
        self.sums += torch.stack((losses, norms), 1).where(self.going[:, None], 0.0)

    def _gradients(self, batch: Batch) -> Tensor:
        """Each member's loss [M]; its gradient goes to `gradients` [M P]."""
        train, device = self.trains[0], self.rows.device.type
        half = torch.autocast(
            device, torch.bfloat16, train.precision == "bf16", cache_enabled=False
        )
        lengths = None if batch.lengths is None else 0
        mapped = vmap(self._loss, in_dims=(0, 0, 0, 0, lengths), randomness="different")
        # torch's fused attention on a CPU cannot be mapped over members; its plain road can.
        with sdpa_kernel(SDPBackend.MATH), over_members(), half:
            losses = mapped(self.parameters, self.buffers, batch.x, batch.y, batch.lengths)
        found = torch.autograd.grad(losses.sum(), list(self.parameters.values()))
        for place, gradient in zip(self.places, found):
            place.copy_(gradient)
        return losses.detach().to(self.rows)  # type: ignore[no-any-return]

    def _loss(
        self,
        parameters: Mapping[str, Tensor],
        buffers: Mapping[str, Tensor],
        x: Tensor,
        y: Tensor,
        lengths: Tensor | None,
    ) -> Any:
        """One member's."""
        own = {f"model.{name}": value for name, value in {**parameters, **buffers}.items()}
        return functional_call(self.whole, own, (x, y, lengths))

    @torch.no_grad()
    def load(self, member: int) -> None:
        """Put a member's parameters and buffers into the model."""
        own = {**dict(self.model.named_parameters()), **dict(self.model.named_buffers())}
        for name, value in {**self.parameters, **self.buffers}.items():
            own[name].copy_(value[member])

    def slots(self, member: int) -> dict[str, Tensor]:
        """A member's optimizer tensors, keyed and shaped as those of a lone run."""
        prefix, like = f"{self.phase.name}/0", [p[0] for p in self.parameters.values()]
        found = {
            f"{prefix}/{name}/{slot}": part[0]
            for slot, rows in self.update.slots.items()
            for name, part in zip(self.parameters, _parts(rows[member : member + 1], like))
        }
        if "step" in SLOTS[self.update.name]:
            steps = torch.tensor(float(self.update.steps))
            found |= {f"{prefix}/{name}/step": steps for name in self.parameters}
        return found


def unfit(train: Train, model: nn.Module, phases: Sequence[Phase]) -> str:
    """Why such members cannot be stacked, in words; "" where they can."""
    if len(phases) > 1:
        return f"its task has {len(phases)} phases"
    if train.optimizer not in KINDS:
        return f"{train.optimizer} is not written out for members side by side"
    if any(isinstance(module, nn.RNNBase) for module in model.modules()):
        return "torch's recurrent layers cannot be mapped over members"
    if len(list(phases[0].parameters(model))) < len(list(model.parameters())):
        return "its phase leaves parameters alone"
    return ""


def kept_bytes(model: nn.Module, phase: Phase, batch: Batch) -> int:
    """Bytes that one member's loss keeps for its backward."""
    sizes = []

    def keep(x: Tensor) -> Tensor:
        sizes.append(x.nbytes)
        return x

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        phase.loss(model.train(), batch)
    return sum(sizes)


class Feed:
    """Batches of all members, in each seed's order. held: the training data by seed; members of one
    seed share its batches."""

    def __init__(self, held: Mapping[int, Samples], seeds: Sequence[int], size: int) -> None:
        self.held, self.size = held, size
        self.batches = min(len(samples) for samples in held.values()) // size
        self.orders: dict[tuple[int, int], np.ndarray] = {}
        self.where = torch.tensor([list(held).index(seed) for seed in seeds])

    def of(self, seed: int, epoch: int, position: int) -> Batch:
        """One seed's batch, as its lone run has it."""
        if (seed, epoch) not in self.orders:
            self.orders = {place: kept for place, kept in self.orders.items() if place[1] == epoch}
            self.orders[seed, epoch] = order(seed, epoch, len(self.held[seed]))
        start = position * self.size
        samples = self.orders[seed, epoch][start : start + self.size]
        return self.held[seed].take(samples, key(seed, "augment", epoch))

    def __call__(self, epoch: int, position: int) -> Batch:
        """x [M N ...], y [M N ...], lengths [M N]."""
        own = [self.of(seed, epoch, position) for seed in self.held]
        x, y = (torch.stack(each) for each in zip(*((b.x, b.y) for b in own)))
        where = self.where.to(x.device)
        known = [b.lengths for b in own if b.lengths is not None]
        lengths = torch.stack(known)[self.where] if known else None
        return Batch(x[where], y[where], lengths, own[0].samples)


class Together:
    """Trains a stack to its end. records: what is kept of each member, on the stack's model. note:
    is told how far it is, every few seconds."""

    def __init__(self, stack: Stack, records: Sequence[Record], feed: Feed, note: Note) -> None:
        self.stack, self.records, self.feed, self.note = stack, records, feed, note
        self.said = time.monotonic()
        self.active = list(range(len(records)))

    def fit(self) -> Iterator[tuple[int, str]]:
        """(member, "") for each that has ended and is saved, (member, what is wrong) for each that
        diverged, as it happens. Raises StorageError, Interrupted, Stopped."""
        for member, record in enumerate(self.records):
            self.stack.load(member)
            record.snapshot()
        epoch = 0
        with Signals() as signals:
            while self.active:
                began, sharing = time.monotonic(), len(self.active)
                self._steps(epoch, signals)
                going = self.stack.going.tolist()  # waits for the device, once an epoch
                seconds = (time.monotonic() - began) / sharing
                means = (self.stack.sums / self.feed.batches).tolist()
                self.stack.sums.zero_()
                for member in tuple(self.active):
                    said = self._end_epoch(member, going[member], means[member], seconds)
                    if said is not None:
                        self.active.remove(member)
                        self.stack.going[member] = False
                        yield member, said
                epoch += 1
                self._tell(epoch)

    def _tell(self, epoch: int) -> None:
        """How far it is, every few seconds: until the first member ends nothing else is seen."""
        if self.active and time.monotonic() - self.said > TOLD_EVERY:
            self.said = time.monotonic()
            epochs = self.records[0].recipe.train.epochs
            self.note(f"{len(self.active)} members in one stack, epoch {epoch} of {epochs}")

    def _steps(self, epoch: int, signals: Signals) -> None:
        """An epoch of steps."""
        first = self.records[0].recipe.seed
        for position in range(self.feed.batches):
            if signals.caught:
                raise signals.error(
                    f"{len(self.active)} members in one stack were stopped; begin them anew."
                )
            number = epoch * self.feed.batches + position
            reseed(first, "stack", number)
            self.stack(self.feed(epoch, position), number)

    def _end_epoch(
        self, member: int, going: bool, means: list[float], seconds: float
    ) -> str | None:
        """Keep a member's epoch: None if it goes on, "" if it has ended, else what is wrong."""
        record = self.records[member]
        try:
            if not going:
                raise self._diagnosis(member)
            self.stack.load(member)
            record.at.step += self.feed.batches
            record.time(seconds, self.feed.batches * self.feed.size)
            record.end_epoch([means])
            if not record.done:
                return None
            record.save(last=True)
        except NumericsError as error:
            return error.what
        return ""

    def _diagnosis(self, member: int) -> NumericsError:
        """As a lone run's: no weight of the member has moved since."""
        stack, recipe = self.stack, self.records[member].recipe
        number = int(stack.first_bad[member])
        stack.load(member)
        step = Step(stack.model, (stack.phase,), recipe.train, stack.total)
        batch = self.feed.of(recipe.seed, *divmod(number, self.feed.batches))
        reseed(recipe.seed, "step", number, 0)
        error = step.diagnose(batch, number)
        stack.model.zero_grad()
        return error
