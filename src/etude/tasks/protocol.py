"""Task and Phase: all that the training loop knows of what it trains.

A Task lists phases; in each step of the loop every phase, in order, computes its loss on the same
batch, sends it back, and steps the optimizers of its own parameters. A classifier has one phase;
the adversarial autoencoder three.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from torch import nn

from etude.shapes import Batch, Float, Tensor

Metrics = dict[str, Any]


@dataclass(frozen=True)
class Phase:
    """One player's move.

    owns: prefixes of the parameter names that this phase trains; the others get no gradient.
    loss: from the model and a batch, a scalar.
    optimizer: what is otherwise for this phase: "lr_factor" on the recipe's rate, "betas" of Adam.
    """

    name: str
    loss: Callable[[nn.Module, Batch], Float[Tensor, ""]]
    owns: tuple[str, ...] = ("",)
    optimizer: Mapping[str, Any] = field(default_factory=dict)

    def parameters(self, model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
        """(name, parameter) of what this phase trains."""
        for name, parameter in model.named_parameters():
            if name.startswith(self.owns):
                yield name, parameter


@runtime_checkable
class Arrays(Protocol):
    """A split as a task's baseline sees it: raw x, y [n ...]; arrays, or what reads like them."""

    @property
    def x(self) -> Any:
        """Samples [n ...]."""

    @property
    def y(self) -> np.ndarray:
        """Targets [n ...]."""


@runtime_checkable
class Task(Protocol):
    """What is asked of a model."""

    name: str
    goal: str
    """The metric that tells runs apart: "accuracy", "mae", "reconstruction"."""

    def phases(self) -> tuple[Phase, ...]:
        """The phases of one step, in order."""

    def outputs(self, model: nn.Module, batch: Batch) -> Tensor:
        """What the model says of a batch; the model in eval mode."""

    def evaluate(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """Metrics over the batches; the model in eval mode. Scalars under plain names."""

    def detail(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """`evaluate`, and what is worth knowing once: intervals, classes one by one."""

    def better(self, new: Metrics, old: Metrics) -> bool:
        """Whether validation metrics `new` are of a better checkpoint than `old`."""

    def near(self, new: Metrics, top: Metrics) -> bool:
        """Whether validation cannot tell `new` from the best seen, so that later training, with its
        lower learning rate, decides."""

    def baseline(self, train: Arrays, test: Arrays) -> Metrics:
        """What the goal is without any learning worth the name: {goal: ..., "what": ...}."""

    def answers(self, outputs: Tensor) -> list[dict[str, Any]]:
        """One plain answer a sample, from `outputs`."""

    def snapshot(self, model: nn.Module, batch: Batch) -> dict[str, np.ndarray]:
        """Arrays to be drawn later that exist only now; {} for most. `batch`: the first of
        validation."""
