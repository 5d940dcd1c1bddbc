"""`Architecture`: the declaration that each file in this package makes and the registry reads.

A preset is a function of the data's Spec, because an 8x8 digit needs other sizes than a photo.
Fields that a preset does not set have the default of the Config or the recipe.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import nn

from etude.locale.texts import Sentence, Text
from etude.models.plain import PlainNetwork
from etude.shapes import Kind, Spec, Target
from etude.system.limits import Plain
from etude.tasks.protocol import Phase

SMALL = {"optimizer": "adamw", "schedule": "onecycle", "warmup": 0.25, "clip": 1.0}
"""Training settings for small networks on small data: AdamW, one-cycle schedule, clipping."""

NOTES = {
    "optimizer": "adam",
    "lr": 1e-3,
    "schedule": "constant",
    "warmup": 0.0,
    "weight_decay": 0.0,
    "clip": 0.0,
}
"""The notes' training settings: Adam at a constant learning rate."""


# Steps, not epochs: small data need as many updates as large data, hence more epochs.
@dataclass(frozen=True)
class Preset:
    """model, train: values for fields of the recipe. updates: approximate number of training steps,
    from which the number of epochs is computed if the user does not set it."""

    model: Mapping[str, object] = field(default_factory=dict)
    train: Mapping[str, object] = field(default_factory=dict)
    updates: int = 1500


Numbers = tuple[float, ...]


@dataclass(frozen=True)
class Completed:
    """fields: of the architecture's Config, with all that a file of weights decides. side: of the
    square images that the weights were trained on, in pixels; None if they were not square."""

    fields: Plain
    side: int | None


@dataclass(frozen=True)
class Pretrained:
    """How an architecture starts from the weights of a file.

    complete: fills the fields that the file decides, before the data are loaded. scaling: mean and
    std of pixels from 0 to 1, by channel, if the fields state them. preset: the name of the preset
    that is used if the user names none. settings: what depends on the file and on the number of
    samples of the rarest class (None: no classes). load: puts the weights into a module for data of
    a Spec and these classes, and returns sentences for the user. All raise UsageError.
    """

    complete: Callable[[Plain], Completed]
    scaling: Callable[[Plain, int], tuple[Numbers, Numbers] | None]
    preset: str
    settings: Callable[[Plain, int | None], Preset]
    load: Callable[[nn.Module, Any, Spec, Sequence[str], int | None], tuple[Text, ...]]


@dataclass(frozen=True)
class Architecture:
    """One architecture.

    config: its Config class. build: makes the module from a Config and the data's Spec; raises
    InvalidValue with a sentence for the user if a size does not fit. title: its name in sentences,
    the same in every language. summary: one line for lists. reads: the kinds of samples it accepts,
    preferred first. presets: by name; "default" is required. highlights: the views that show most
    about it, the best first; a tour shows the first two that fit. targets, provides: what its
    module computes, which a task asks for (see tasks.protocol.Task). scale: how its inputs are
    normalised. phases: only if the architecture defines its own training phases. pretrained: only
    if it can start from the weights of a file. code: writes the network as plain PyTorch from its
    Config, the Spec and whether sequences are padded; None if it cannot be exported so.
    """

    config: type[Any]
    build: Callable[[Any, Spec], nn.Module]
    title: str
    summary: Sentence
    reads: tuple[Kind, ...]
    presets: Mapping[str, Callable[[Spec], Preset]]
    highlights: tuple[str, ...] = ("curves",)
    targets: tuple[Target, ...] = ("class", "value", "forecast")
    provides: str = "outputs"
    scale: Literal["standard", "tanh"] = "standard"
    phases: Callable[[Any], tuple[Phase, ...]] | None = None
    pretrained: Pretrained | None = None
    code: Callable[[Any, Spec, bool], PlainNetwork] | None = None
