"""One comparison of a layer of ours with an independent reference, and what it is made from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.func import functional_call

from etude.shapes import Tensor

Weights = Mapping[str, Tensor]
Function = Callable[..., Tensor]
"""Of weights by name, then the inputs."""
DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


@dataclass(frozen=True)
class Case:
    """Something of ours, and its reference. weights, inputs: float64, on the CPU; dtypes: those
    that it is for."""

    name: str
    against: str
    ours: Function
    reference: Function
    weights: Weights
    inputs: Sequence[Tensor]
    dtypes: Sequence[torch.dtype] = DTYPES


def of(module: nn.Module, names: Callable[[Weights], Weights] = dict, **named: Any) -> Function:
    """A module as a function of weights. names: its own names for ours; named: its options."""

    def call(weights: Weights, *inputs: Tensor) -> Tensor:
        out = functional_call(module, dict(names(weights)), inputs, named)
        found: Tensor = out[0] if isinstance(out, tuple) else out
        return found

    return call


def weights_of(module: nn.Module) -> dict[str, Tensor]:
    """A module's parameters in float64; those that start as zeros or ones have values of their
    own, or nothing would be seen of what is done with them."""
    generator = torch.Generator().manual_seed(11)
    found = {}
    for name, p in module.named_parameters():
        noise = torch.randn(p.shape, generator=generator, dtype=torch.float64)
        flat = p.detach().double()
        found[name] = flat + 0.2 * noise if flat.numel() < 2 or flat.std() < 1e-6 else flat
    return found
