"""The running statistics of a batch norm, torch's or made by hand: found, set, watched.

    C channels

S. Ioffe and C. Szegedy, "Batch Normalization" (2015), section 3.1 and algorithm 2.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from etude.shapes import Tensor

MEAN = re.compile(r"\w*(mean|mu|avg|average)\w*|rm", re.IGNORECASE)
VAR = re.compile(r"\w*(var|sigma|std|sd)\w*|rv", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """A tensor that a module holds. registered: among its buffers or parameters."""

    owner: nn.Module
    name: str
    registered: bool

    @property
    def value(self) -> Tensor:
        """As it is now."""
        return torch.as_tensor(getattr(self.owner, self.name))

    def put(self, value: Tensor) -> None:
        """Another value, of the shape that it has."""
        like = self.value
        new = value.reshape(like.shape).to(like.dtype)
        if isinstance(getattr(self.owner, self.name), nn.Parameter):
            with torch.no_grad():
                like.copy_(new)
        else:
            setattr(self.owner, self.name, new.clone())


@dataclass(frozen=True)
class Running:
    """Mean and variance of a block's batch norm, and all else that it holds."""

    mean: Place
    var: Place

    def put(self, mean: Tensor, var: Tensor) -> None:
        """Set both."""
        self.mean.put(mean)
        self.var.put(var)

    def values(self) -> tuple[Tensor, Tensor]:
        """Copies of both."""
        return self.mean.value.detach().clone(), self.var.value.detach().clone()


def held(it: nn.Module) -> Iterator[Place]:
    """Floating tensors that a module's parts hold besides trained parameters."""
    for owner in it.modules():
        for name, value in owner._buffers.items():
            if value is not None and value.is_floating_point():
                yield Place(owner, name, True)
        for name, p in owner._parameters.items():
            if p is not None and (not p.requires_grad or re.search("running|moving", name)):
                yield Place(owner, name, True)
        for name, value in vars(owner).items():
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                yield Place(owner, name, False)


def running(it: nn.Module, channels: int) -> Running | None:
    """Its running mean and variance by name, else by what they begin as; None where there are
    none."""
    found = [place for place in held(it) if place.value.numel() in (channels, 1)]
    mean = [place for place in found if MEAN.fullmatch(place.name)]
    var = [place for place in found if VAR.fullmatch(place.name) and place not in mean]
    if not mean and not var and len(found) == 2:
        zeros = [place for place in found if not place.value.any()]
        ones = [place for place in found if bool((place.value == 1).all())]
        mean, var = zeros, ones
    if len(mean) != 1 or len(var) != 1:
        return None
    return Running(mean[0], var[0])


class Kept:
    """Puts a module back as it was: registered tensors and plain attributes."""

    def __init__(self, it: nn.Module) -> None:
        self.it = it
        self.places = [(p, getattr(p.owner, p.name), p.value.detach().clone()) for p in held(it)]
        self.plain: list[tuple[nn.Module, str, Any]] = [
            (owner, name, value)
            for owner in it.modules()
            for name, value in vars(owner).items()
            if isinstance(value, bool | int | float) and name != "training"
        ]
        self.counts = [
            (owner, name, value.clone())
            for owner in it.modules()
            for name, value in owner._buffers.items()
            if value is not None and not value.is_floating_point()
        ]

    def back(self) -> None:
        """As it was."""
        for place, value, numbers in self.places:
            with torch.no_grad():
                value.detach().copy_(numbers)
            setattr(place.owner, place.name, value)
        for owner, name, value in self.plain:
            setattr(owner, name, value)
        for owner, name, value in self.counts:
            setattr(owner, name, value)
