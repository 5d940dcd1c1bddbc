"""Architecture: what a file in this room declares, so that its name is all anybody needs.

A preset is a function of the data's Spec: the same architecture wants other sizes for an 8x8 digit
than for a photo. What a preset leaves out is the Config's and the recipe's default.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import nn

from etude.shapes import Kind, Spec
from etude.tasks.protocol import Phase

SMALL = {"optimizer": "adamw", "schedule": "onecycle", "warmup": 0.25, "clip": 1.0}
"""What trains small networks on small data today: AdamW under one cycle, with clipping."""

NOTES = {
    "optimizer": "adam",
    "lr": 1e-3,
    "schedule": "constant",
    "warmup": 0.0,
    "weight_decay": 0.0,
    "clip": 0.0,
}
"""The notes' training: Adam, nothing else."""


@dataclass(frozen=True)
class Preset:
    """model, train: fields of the recipe. updates: about how many steps training takes, from which
    the epochs follow when they are not given."""

    model: Mapping[str, Any] = field(default_factory=dict)
    train: Mapping[str, Any] = field(default_factory=dict)
    updates: int = 1500


@dataclass(frozen=True)
class Architecture:
    """One architecture.

    build: a module from its Config and the Spec of what it sees; raises ValueError, in words for a
    user, for a size that does not fit. reads: kinds of samples, best first. phases: only where the
    architecture itself says how it is trained.
    """

    config: type[Any]
    build: Callable[[Any, Spec], nn.Module]
    summary: str
    reads: tuple[Kind, ...]
    presets: Mapping[str, Callable[[Spec], Preset]]
    tasks: tuple[str, ...] = ("classify", "regress", "forecast")
    scale: Literal["standard", "tanh"] = "standard"
    phases: Callable[[Any], tuple[Phase, ...]] | None = None
