"""torch's own optimizers, selected by name, for the parameters of a phase.

This module calls torch's functional optimizers, not its classes. Constructing one of the classes
imports torch's compiler (1 s in every process), and their `step` spends more time around the kernel
than in it (0.3 ms, a tenth of an MLP's step).
"""

from collections.abc import Iterable
from typing import TypedDict, Unpack

import torch
from torch import Tensor, nn
from torch.optim._muon import muon
from torch.optim.adam import adam
from torch.optim.rmsprop import rmsprop
from torch.optim.sgd import sgd

from etude.errors import InvalidValue
from etude.locale.texts import text
from etude.recipe import Train
from etude.tasks.protocol import PLAIN_TUNING, PhaseSettings, Tuning

Named = list[tuple[str, nn.Parameter]]

SPARED = ("pos_embed", "cls_token")
SLOTS = {
    "sgd": (),
    "momentum": ("momentum_buffer",),
    "nesterov": ("momentum_buffer",),
    "adam": ("exp_avg", "exp_avg_sq", "step"),
    "adamw": ("exp_avg", "exp_avg_sq", "step"),
    "rmsprop": ("square_avg", "step"),
    "muon": ("momentum_buffer",),
}
"""The state tensors of each optimizer for one parameter, under torch's names."""


def decays(name: str, parameter: nn.Parameter) -> bool:
    """Whether weight decay applies: to matrices and kernels, not to biases, norms, position
    embeddings and the class token."""
    return parameter.ndim > 1 and not name.endswith(SPARED)


class Rate(TypedDict):
    """Arguments of all of torch's update functions."""

    lr: float
    weight_decay: float


class Fused(TypedDict):
    """Arguments of those that have a fused kernel."""

    fused: bool
    found_inf: Tensor | None


class Optimizer:
    """One update rule for a list of parameters.

    lr: the maximum learning rate. groups: (parameters, weight decay, factor of the learning rate).
    state: the state tensors of each parameter that has been updated, by slot name.
    """

    def __init__(
        self,
        kind: str,
        named: Named,
        lr: float,
        decay: float,
        betas: tuple[float, float],
        tuning: Tuning,
    ) -> None:
        self.kind, self.lr, self.betas = kind, lr, betas
        self.groups = groups(named, decay, tuning)
        self.state: dict[nn.Parameter, dict[str, Tensor]] = {}
        # torch's fused kernels exist for these devices only.
        self.fused = named[0][1].device.type in ("cpu", "cuda")
        self.holds_back = self.fused and kind not in ("rmsprop", "muon")
        """Whether torch's kernel itself skips the update if found_inf is 1."""

    def zero_grad(self) -> None:
        """Remove all gradients, so that a parameter without one is not updated."""
        for parameters, _, _ in self.groups:
            for p in parameters:
                # None and not zeros: momentum and weight decay would move a parameter with zeros.
                p.grad = None

    def step(self, factor: float = 1.0, found_inf: Tensor | None = None) -> None:
        """Update the parameters. factor: of the maximum learning rate, from the schedule."""
        for parameters, decay, own in self.groups:
            ready = [p for p in parameters if p.grad is not None]
            if ready:
                self._move(ready, self.lr * factor * own, decay, found_inf)

    def _move(
        self, params: list[nn.Parameter], lr: float, decay: float, found_inf: Tensor | None
    ) -> None:
        whole: list[Tensor] = list(params)
        grads = [p.grad for p in params if p.grad is not None]
        slots = self._slots(params)
        rate: Rate = {"lr": lr, "weight_decay": decay}
        fused: Fused = {"fused": self.fused, "found_inf": found_inf}
        with torch.no_grad():
            match self.kind:
                case "sgd" | "momentum" | "nesterov":
                    # sgd writes to the momentum buffers, but without momentum it wants a None each.
                    buffers: list[Tensor | None] = list(slots[0]) if slots else [None] * len(params)
                    sgd(
                        whole, grads, buffers, **fused, **rate, dampening=0, maximize=False,
                        momentum=0.9 if slots else 0.0, nesterov=self.kind == "nesterov",
                    )  # fmt: skip
                case "adam" | "adamw":
                    first, second, steps = slots
                    adam(
                        whole, grads, first, second, [], steps, **fused, **rate, eps=1e-8,
                        decoupled_weight_decay=self.kind == "adamw", amsgrad=False,
                        maximize=False, beta1=self.betas[0], beta2=self.betas[1],
                    )  # fmt: skip
                case "rmsprop":
                    rmsprop(
                        whole, grads, slots[0], [], [], slots[1], **rate, alpha=0.99, eps=1e-8,
                        momentum=0.0, centered=False,
                    )  # fmt: skip
                case "muon":
                    # match_rms_adamw scales the update to the size of AdamW's, so that the matrices
                    # and the rest, which AdamW updates, can share one learning rate.
                    muon(
                        whole, grads, slots[0], **rate, momentum=0.95, nesterov=True, eps=1e-7,
                        ns_coefficients=(3.4445, -4.775, 2.0315), ns_steps=5, has_complex=False,
                        adjust_lr_fn="match_rms_adamw",
                    )  # fmt: skip

    def _slots(self, params: list[nn.Parameter]) -> list[list[Tensor]]:
        """Each slot's tensors for these parameters; zeros before the first step."""
        for p in params:
            if p not in self.state:
                self.state[p] = {name: self._fresh(name, p) for name in SLOTS[self.kind]}
        return [[self.state[p][name] for p in params] for name in SLOTS[self.kind]]

    def put_back(self, p: nn.Parameter, slots: dict[str, Tensor]) -> None:
        """Restore a parameter's state tensors. Raises ValueError if names or shapes differ."""
        self._slots([p])
        own = self.state[p]
        if {k: x.shape for k, x in slots.items()} != {k: x.shape for k, x in own.items()}:
            if not own:
                raise InvalidValue(text("training.optimizer.none", optimizer=self.kind))
            raise InvalidValue(
                text("training.optimizer.state", optimizer=self.kind, names=tuple(own))
            )
        # Copied in place, so that device and memory format stay those of this process.
        for name, value in slots.items():
            own[name].copy_(value)

    def _fresh(self, name: str, p: nn.Parameter) -> Tensor:
        if name == "step":  # fused kernels read the step count on the device, the others on the CPU
            return torch.zeros((), device=p.device if self.fused else "cpu")
        return torch.zeros_like(p, memory_format=torch.preserve_format)


def build(
    named: Iterable[tuple[str, nn.Parameter]],
    train: Train,
    tuning: Tuning = PLAIN_TUNING,
    **other: Unpack[PhaseSettings],
) -> list[Optimizer]:
    """The optimizers of a phase: one, or two for muon (Muon for matrices, AdamW for the rest).

    tuning: the factors of the learning rate.
    other: settings of the phase: "lr_factor" (multiplies the recipe's learning rate), "betas".

    Sources: I. Sutskever et al., 2013 (momentum, nesterov); D. Kingma, J. Ba, 2015 (adam);
    I. Loshchilov, F. Hutter, 2019 (adamw); T. Tieleman, G. Hinton, 2012 (rmsprop); K. Jordan et
    al., 2024 (muon).
    """
    pairs, kind = list(named), train.optimizer
    lr = train.lr * other.get("lr_factor", 1.0)
    first, second = other.get("betas", (0.9, 0.999))
    rule = (lr, train.weight_decay, (first, second), tuning)
    if kind != "muon":
        return [Optimizer(kind, pairs, *rule)]
    # Muon orthogonalises the update, which is defined for matrices only, not for the kernels of
    # convolutions.
    matrices = [pair for pair in pairs if pair[1].ndim == 2 and decays(*pair)]
    rest = [pair for pair in pairs if pair[1].ndim != 2 or not decays(*pair)]
    return [Optimizer(k, part, *rule) for k, part in (("muon", matrices), ("adamw", rest)) if part]


def groups(
    pairs: Named, decay: float, tuning: Tuning
) -> list[tuple[list[nn.Parameter], float, float]]:
    """Parameter groups with and without weight decay, and by the factors of the learning rate; a
    single group if `decay` is 0 and there are no factors."""
    # One group means one call of the optimizer's kernel for all its parameters.
    found: dict[tuple[float, float], list[nn.Parameter]] = {}
    kinds = (True, False) if decay else (None,)
    for kind in kinds:
        for name, p in pairs:
            if kind is None or decays(name, p) == kind:
                key = (decay if kind else 0.0, tuning.factor(name))
                found.setdefault(key, []).append(p)
    return [(parameters, *key) for key, parameters in found.items()]


def tensors(optimizers: list[Optimizer], named: Named, phase: str) -> dict[str, Tensor]:
    """All state tensors of a phase's optimizers, keyed phase/i/parameter/slot."""
    # Names, not positions: a checkpoint stays readable if the order of parameters changes.
    names = {p: name for name, p in named}
    return {
        f"{phase}/{i}/{names[p]}/{slot}": value
        for i, optimizer in enumerate(optimizers)
        for p, state in optimizer.state.items()
        for slot, value in state.items()
    }


def restore(
    optimizers: list[Optimizer], named: Named, phase: str, saved: dict[str, Tensor]
) -> None:
    """Restore the state that `tensors` returned, step counts included.

    Raises KeyError, ValueError, IndexError or RuntimeError for tensors of other optimizers.
    """
    parameters = dict(named)
    by_parameter: dict[tuple[str, str], dict[str, Tensor]] = {}
    for path, value in saved.items():
        owner, index, name, slot = path.split("/")
        if owner == phase:
            by_parameter.setdefault((index, name), {})[slot] = value
    for (index, name), slots in by_parameter.items():
        optimizers[int(index)].put_back(parameters[name], slots)
