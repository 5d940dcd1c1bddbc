"""One training step: each phase in turn computes its loss, its gradients and its update.

A loss or gradient that is not finite updates nothing. It sets a flag on the device, which the fused
optimizers read themselves and which blocks all later updates; the loop polls it only now and then,
so that it does not wait for the device in every step.

If several processes share a batch, each backpropagates the loss of its own samples, weighted by
their fraction of the batch; the sum over the processes is the gradient of the whole batch.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite

import torch
from torch import nn

from etude.errors import NumericsError
from etude.layers.gaussian import Noise, keep_out_of_compilation, torch_noise
from etude.locale.texts import Text, text
from etude.recipe import Train
from etude.shapes import Batch, Tensor
from etude.tasks.protocol import FIRST_RATE, PLAIN_TUNING, Phase, Tuning
from etude.training import optimizer, schedule
from etude.training.distributed import ALONE, World
from etude.training.optimizer import Optimizer

Loss = Callable[[nn.Module, Batch, Noise], Tensor]


@dataclass
class PhaseState:
    """A phase with its optimizers and its loss, compiled if the recipe says so.

    named: (name, parameter) of what it trains. others: all other parameters of the model. late:
    those of `named` that the first steps do not train (see `Tuning`).
    """

    phase: Phase
    named: list[tuple[str, nn.Parameter]]
    others: list[nn.Parameter]
    late: list[nn.Parameter]
    optimizers: list[Optimizer]
    loss: Loss


class Step:
    """`step(batch, number)` trains on one batch.

    sums [phases 2]: sums of losses and gradient norms since the caller last zeroed them.
    bad: 1 from the first step with values that are not finite; first_bad: the number of that step.
    halt: the caller's signal weight; a step replaces it by the sum over all processes.
    waits: whether `bad` is read in every step, because the device is a CPU or an optimizer cannot
    skip an update by itself.
    """

    def __init__(
        self,
        model: nn.Module,
        phases: tuple[Phase, ...],
        train: Train,
        total: int,
        world: World = ALONE,
    ) -> None:
        self.model, self.train, self.total, self.world = model, train, total, world
        self.device = next(model.parameters()).device
        own = getattr(model, "tuning", None)  # a module of the user's own may mean another thing
        self.tuning = own if isinstance(own, Tuning) else PLAIN_TUNING
        self.first = self.tuning.steps(total)
        self.phase_states = [self._phase_state(phase) for phase in phases]
        self.sums = torch.zeros(len(phases), 2, device=self.device)
        self.bad = torch.zeros((), device=self.device)
        self.halt = torch.zeros((), device=self.device)
        # Infinity, so that a minimum with the number of any bad step replaces it.
        self.first_bad = torch.full((), float("inf"), device=self.device)
        holds_back = [o.holds_back for state in self.phase_states for o in state.optimizers]
        self.waits = self.device.type == "cpu" or not all(holds_back)

    def _phase_state(self, phase: Phase) -> PhaseState:
        """The parameters, optimizers and loss of a phase."""
        tuning = self.tuning
        every = phase.parameters(self.model)
        named = [(n, p) for n, p in every if not n.startswith(tuning.frozen)]
        optimizers = optimizer.build(named, self.train, tuning, **phase.optimizer)
        loss: Loss = phase.loss
        # The loss is compiled and not the model: a task's loss may call parts of it by themselves.
        # torch's compiler cannot differentiate twice, so such a loss stays as it is.
        if self.train.compile == "on" and not phase.twice:
            keep_out_of_compilation()
            loss = torch.compile(phase.loss)
        mine = {p for _, p in named}
        others = [p for p in self.model.parameters() if p not in mine]
        late = [p for n, p in named if not n.startswith(tuning.first)]
        return PhaseState(phase, named, others, late, optimizers, loss)

    def __call__(
        self, batch: Batch, number: int, total: int = 0, noise: Noise = torch_noise
    ) -> None:
        """Train on `batch`, a share of a batch of `total` samples (0: `batch` is all of it)."""
        rate = self._rate(number)
        for index, state in enumerate(self.phase_states):
            loss = self._gradients(state, batch, number, noise, self._share(state, batch, total))
            # Summed before the norm: clipping must see the gradient of the whole batch, and all
            # processes the same one.
            self._add_up(state, loss, first=index == 0)
            norm = self._norm(state)
            self._watch(loss, norm, number)
            if self.waits and self.bad:
                return
            for each in state.optimizers:
                each.step(rate, None if self.waits else self.bad)
            self.sums[index] += torch.stack((loss, norm))

    def _rate(self, number: int) -> float:
        """The fraction of the maximum learning rate at a step: its schedule runs once over the
        steps that train the first parameters alone, and once over the others."""
        train, first = self.train, self.first
        if number < first:
            return FIRST_RATE * schedule.factor(train.schedule, number, first, train.warmup)
        return schedule.factor(train.schedule, number - first, self.total - first, train.warmup)

    def _share(self, state: PhaseState, batch: Batch, total: int) -> float | Tensor:
        """The weight of this process's loss in that of the whole batch, of `total` samples.

        The mean over the whole batch is the sum of the shares' means, weighted by their sizes,
        which may differ by one sample, or by the total weights of their samples.
        """
        mass = state.phase.mass(batch) if state.phase.mass and self.world.size > 1 else None
        if mass is None:
            return len(batch.x) / (total or len(batch.x))
        whole = mass.clone()
        self.world.add_up([whole])
        return mass / whole.clamp(min=torch.finfo(whole.dtype).tiny)

    def _gradients(
        self,
        state: PhaseState,
        batch: Batch,
        number: int,
        noise: Noise,
        weight: float | Tensor = 1.0,
    ) -> Tensor:
        """Backpropagate the phase's loss times `weight`, and return that product."""
        with self._only(state, number):
            for each in state.optimizers:
                each.zero_grad()
            with self._autocast():
                loss = state.loss(self.model, batch, noise)
            if isinstance(weight, Tensor):
                loss = loss * weight.to(loss.dtype)
            elif weight != 1:
                loss = loss * weight
            # Outside autocast: backward runs each operation in the type its forward had.
            loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def _add_up(self, state: PhaseState, loss: Tensor, first: bool) -> None:
        """Sum gradients and loss over the processes; in the first phase also the stop flag."""
        # Every process must send the same tensors: all run the same phase, so they have them.
        gradients = [p.grad for _, p in state.named if p.grad is not None]
        self.world.add_up([*gradients, loss, *([self.halt] if first else [])])

    def _norm(self, state: PhaseState) -> Tensor:
        """Clip the phase's gradient and return its norm from before the clipping."""
        parameters = [p for _, p in state.named]
        gradients = [p.grad for p in parameters if p.grad is not None]
        norm = _total_norm(gradients)
        if self.train.clip:
            torch.nn.utils.clip_grads_with_norm_(parameters, self.train.clip, norm)
        return norm

    @contextmanager
    def _only(self, state: PhaseState, number: int) -> Iterator[None]:
        """Inside, only the parameters that this phase trains at this step get gradients."""
        others = state.others + state.late if number < self.first else state.others
        # In an AAE the encoder is trained through the discriminator, whose own parameters must get
        # no gradient from that loss.
        for p in others:
            p.requires_grad_(False)
        try:
            yield
        finally:
            for p in others:
                p.requires_grad_(True)

    def _autocast(self) -> torch.autocast:
        """bf16 autocast if the recipe says so. bf16 has fp32's exponent, so no loss scaling."""
        return torch.autocast(
            self.device.type, dtype=torch.bfloat16, enabled=self.train.precision == "bf16"
        )

    def _watch(self, loss: Tensor, norm: Tensor, number: int) -> None:
        """Set the flag, permanently, if loss or gradient norm is not finite."""
        # The sum is not finite if either is, so one check serves for both.
        worst = loss.float() + norm
        if self.waits:  # the flag is read in every step anyway; Python takes a tenth of the time
            if not isfinite(worst):
                self.bad.fill_(1)
                self.first_bad.clamp_(max=number)
            return
        # On the device without a read, so the GPU's queue is never drained here.
        fine = torch.isfinite(worst)
        self.bad.copy_(torch.maximum(self.bad, (~fine).float()))
        self.first_bad.copy_(torch.where(fine, self.first_bad, self.first_bad.clamp(max=number)))

    def diagnose(self, batch: Batch, number: int, noise: Noise = torch_noise) -> NumericsError:
        """The error for a step that was not made, with the phase, parameters and samples at fault.

        batch, noise: of that step, for all samples that the processes share.
        """
        # No weight has changed since the bad step, so its forward and backward can be repeated.
        for state in self.phase_states:
            loss = self._gradients(state, batch, number, noise)
            affected = [name for name, p in state.named if not _finite(p.grad)]
            if not _finite(loss) or affected:
                break
        key = f"training.step.{'gradient' if _finite(loss) else 'loss'}"
        samples = self._culprits(state, batch)
        values: dict[str, object] = {"step": number, "phase": state.phase.name, "samples": samples}
        what = (
            text(f"{key}.in", first=affected[0], count=len(affected), **values)
            if affected
            else text(f"{key}.none", **values)
        )
        return NumericsError(what, do=text("training.step.do", lr=self.train.lr))

    def _culprits(self, state: PhaseState, batch: Batch) -> Text:
        """A sentence on the samples that are not finite, or whose own loss is not finite."""
        every = sorted(map(int, batch.samples))
        bad = ~torch.isfinite(batch.x).flatten(1).all(1).cpu().numpy()
        if bad.any():
            own = sorted(map(int, batch.samples[bad]))
            return text("training.step.samples.bad", samples=own)
        # The bad forward pass may have spoiled batch norm's running statistics; then the loss of
        # every sample is bad in eval mode and says nothing about the samples.
        if not all(map(_finite, self.model.buffers())):
            return text("training.step.samples.batch", samples=every)
        # Eval mode, because batch norm has no useful statistics of a single sample.
        self.model.eval()
        alone = []
        for i, sample in enumerate(batch.samples):
            part = slice(i, i + 1)
            lengths = None if batch.lengths is None else batch.lengths[part]
            weights = None if batch.weights is None else batch.weights[part]
            window = None if batch.window is None else batch.window[part]
            one = Batch(batch.x[part], batch.y[part], lengths, batch.samples[part], weights, window)
            with torch.no_grad(), self._autocast():
                if not _finite(state.phase.loss(self.model, one, torch_noise)):
                    alone.append(int(sample))
        self.model.train()
        if len(alone) == len(batch.samples):
            return text("training.step.samples.each")
        if alone:
            return text("training.step.samples.alone", samples=alone)
        return text("training.step.samples.none", samples=every)


def _total_norm(gradients: list[Tensor]) -> Tensor:
    """`torch.nn.utils.get_total_norm`, by the same kernels. That function groups tensors by device
    and type first, which takes a tenth of the step of a small MLP."""
    if len({(g.device, g.dtype) for g in gradients}) != 1:
        return torch.nn.utils.get_total_norm(gradients)
    norm: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    return norm


def _finite(x: Tensor | None) -> bool:
    return x is None or bool(torch.isfinite(x).all())
