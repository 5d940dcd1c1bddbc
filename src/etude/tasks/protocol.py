"""`Task` and `Phase`: the interface between the training loop and what it trains.

A Task lists phases. In each step of the loop every phase, in order, computes its loss on the same
batch, backpropagates it, and steps the optimizers of its own parameters. A classifier has one
phase; the adversarial autoencoder has three.
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
    """One update within a training step.

    owns: prefixes of the parameter names that this phase trains; the others get no gradient.
    loss: a function of model and batch that returns a scalar.
    optimizer: deviations from the recipe: "lr_factor", which multiplies the learning rate, and
    "betas" of Adam.
    """

    name: str
    loss: Callable[[nn.Module, Batch], Float[Tensor, ""]]
    owns: tuple[str, ...] = ("",)
    optimizer: Mapping[str, Any] = field(default_factory=dict)

    def parameters(self, model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
        """(name, parameter) of the parameters that this phase trains."""
        for name, parameter in model.named_parameters():
            if name.startswith(self.owns):
                yield name, parameter


@runtime_checkable
class Arrays(Protocol):
    """A split as a baseline reads it: raw x and y [n ...], arrays or objects that index alike."""

    @property
    def x(self) -> Any:
        """Samples [n ...]."""

    @property
    def y(self) -> np.ndarray:
        """Targets [n ...]."""


@runtime_checkable
class Task(Protocol):
    """What a model is trained for: losses, metrics, baselines and predictions."""

    name: str
    goal: str
    """The metric that runs are compared by: "accuracy", "mae", "reconstruction"."""

    def phases(self) -> tuple[Phase, ...]:
        """The phases of one step, in order."""

    def outputs(self, model: nn.Module, batch: Batch) -> Tensor:
        """The model's raw predictions for a batch; expects eval mode."""

    def evaluate(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """Scalar metrics by name over all batches; expects eval mode."""

    def detail(self, model: nn.Module, batches: Iterable[Batch]) -> Metrics:
        """`evaluate`, and metrics for the final result: intervals, values by class."""

    def better(self, new: Metrics, old: Metrics) -> bool:
        """Whether the validation metrics `new` are better than `old`."""

    def near(self, new: Metrics, top: Metrics) -> bool:
        """Whether validation cannot distinguish `new` from the best metrics `top`; then the later
        checkpoint is used, because its learning rate was lower."""

    def baseline(self, train: Arrays, test: Arrays) -> Metrics:
        """The result of a naive or linear baseline on the test split: {goal: ..., "what": its name,
        "all": results by name}."""

    def answers(self, outputs: Tensor) -> list[dict[str, Any]]:
        """One prediction per sample as plain Python values, from `outputs`."""

    def snapshot(self, model: nn.Module, batch: Batch) -> dict[str, np.ndarray]:
        """Arrays for later pictures that can be computed only during training; {} for most tasks.
        batch: the first samples of the validation split."""
