"""Builds the module of an architecture, if its training fits into memory."""

from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from etude.errors import StorageError, UsageError, cause
from etude.locale.texts import text
from etude.models.architecture import Architecture
from etude.shapes import Spec
from etude.system.limits import memory

TAKES = 4
"""Memory for training in multiples of the model: weights, gradients, the two moments of Adam."""


def build(architecture: Architecture, name: str, config: Any, spec: Spec) -> nn.Module:
    """The module for data of `spec`, with weights drawn from torch's generator.

    Raises UsageError if a size does not fit the data, StorageError if memory does not suffice.
    """
    try:
        _require_memory(architecture, name, config, spec)
        return architecture.build(config, spec)
    except ValueError as error:
        raise UsageError(text("model.misfit", name=name, spec=spec, why=cause(error))) from None


class _WithoutValues(TorchFunctionMode):
    """Skips initialisation from a normal distribution: on the meta device torch would import its
    compiler for it, which takes 1.6 s, and there are no values to set."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__name__", "").endswith("normal_"):
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)


def _require_memory(architecture: Architecture, name: str, config: Any, spec: Spec) -> None:
    """Raise StorageError for a model whose training would not fit into memory.

    The model is built on the meta device first: shapes without values take no memory.
    """
    room = memory()
    try:
        with torch.device("meta"), _WithoutValues():
            parameters = list(architecture.build(config, spec).parameters())
        size = sum(p.numel() * p.element_size() for p in parameters)
    except (RuntimeError, OverflowError, TypeError):  # a side or a product beyond 64 bits
        size = 2**63
    if TAKES * size > room:
        raise StorageError(
            text(
                "model.memory", name=name, spec=spec, parameters=size // 4,
                needed=TAKES * size, available=room,
            ),
            do=text("model.memory.do"),
        )  # fmt: skip
