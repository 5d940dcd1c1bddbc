"""A module of the user's own as an architecture, so that our loop trains it and our views see it.

The module itself is trained, not a copy, from the weights that it has: afterwards it holds the best
ones. Its `forward` takes the samples as the data have them, an image [N C H W], a sequence [N L Q]
(and lengths [N] if sequences are padded) or a vector [N D]; a module that takes vectors only gets
images and sequences as vectors. It returns logits [N D] for D classes, or D values.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import get_args

import torch
from torch import nn

from etude.config import Config
from etude.errors import UsageError, cause
from etude.locale.texts import Sentence, Text, text
from etude.models.architecture import SMALL, Architecture, Preset
from etude.shapes import Kind, Spec, Tensor

FAILURES = (
    ArithmeticError, AssertionError, AttributeError, LookupError, NameError, RuntimeError,
    TypeError, ValueError,
)  # fmt: skip
"""What a module that does not fit its data may raise; anything else is an error of its own."""
PROBE = 2
"""Samples in the batch that a module is tried with."""


class OwnConfig(Config):
    """A module has its own arguments, so there is nothing to configure here."""

    module: str = ""
    """The name of its class, for readers of the recipe."""


def architecture(module: nn.Module) -> Architecture:
    """The module as an architecture whose `build` returns it."""
    return Architecture(
        config=OwnConfig,
        build=lambda config, spec: module,
        title=type(module).__name__,
        summary=text("model.own.summary"),
        reads=get_args(Kind),
        presets={"default": lambda spec: Preset({}, {**SMALL, "lr": 1e-3, "weight_decay": 0.01})},
    )


@dataclass(frozen=True)
class Trial:
    """What a module made of samples of zeros: its outputs, or why it failed."""

    outputs: Tensor | None
    problem: Sentence


def reads(module: nn.Module, spec: Spec, padded: bool) -> tuple[Kind, ...]:
    """The kind of samples that the module reads: that of the data, or else vectors.

    Raises UsageError if it reads neither, with what it said to both, or if it has no parameters.
    """
    if not any(p.requires_grad for p in module.parameters()):
        raise UsageError(text("model.own.parameters"))
    flat = replace(spec, kind="vector", shape=(spec.size,))
    trials = {each.kind: _try(module, each, padded) for each in (spec, flat)}
    for kind, trial in trials.items():
        if trial.outputs is not None:
            return (kind,)
    asked = "forward(x, lengths)" if padded else "forward(x)"
    raise UsageError(
        text("model.own.reads", call=asked),
        items=[
            text("model.own.reads.on", spec=each, why=trials[each.kind].problem)
            for each in dict.fromkeys((spec, flat))
        ],
        do=text("model.own.reads.do"),
    )


def require_outputs(module: nn.Module, spec: Spec, padded: bool) -> None:
    """Raise UsageError unless the module returns one row per sample with a value per output."""
    trial = _try(module, spec, padded)
    if trial.outputs is None:
        raise UsageError(text("model.own.fails", spec=spec, why=trial.problem))
    if tuple(trial.outputs.shape) != (PROBE, spec.outputs):
        sizes = {"samples": PROBE, "shape": tuple(trial.outputs.shape), "outputs": spec.outputs}
        raise UsageError(text(f"model.own.shape.{spec.target}", **sizes))


def warnings(module: nn.Module, spec: Spec, padded: bool) -> Iterator[Text]:
    """Sentences for the user about what trains, but hardly as intended."""
    outputs = _try(module, spec, padded).outputs
    if outputs is None or spec.target != "class" or spec.outputs < 2:
        return
    if (outputs >= 0).all() and torch.allclose(outputs.sum(1), torch.ones(len(outputs))):
        yield text("model.own.probabilities")


def _try(module: nn.Module, spec: Spec, padded: bool) -> Trial:
    """The module's outputs for samples of zeros, computed in eval mode on its own device."""
    device = next(module.parameters()).device
    lengths = (torch.full((PROBE,), spec.shape[0]),) if padded and spec.kind == "sequence" else ()
    was_training = module.training
    module.eval()  # neither dropout nor the running statistics of batch norm may change
    try:
        with torch.no_grad():
            result = module(torch.zeros(PROBE, *spec.shape, device=device), *lengths)
    except FAILURES as error:
        why = cause(error)
        if isinstance(why, str):
            why = why.strip().split("\n")[0][:300] or type(error).__name__
        return Trial(None, why)
    finally:
        module.train(was_training)
    if not isinstance(result, torch.Tensor):
        return Trial(None, text("model.own.tensor", type=type(result).__name__))
    return Trial(result.float().cpu(), "")
