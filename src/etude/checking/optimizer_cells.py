"""What an optimizer is handed: parameters as tensors, arrays, numbers or objects that hold them,
a layer of any names, a state that has whatever is looked up."""

import re
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn

from etude.checking.optimizer_facts import CALLED
from etude.shapes import Tensor

RATE, MU, BETAS = 0.13, 0.8, (0.7, 0.95)
USUAL = {
    "rate": RATE, "momentum": MU, "beta1": BETAS[0], "beta2": BETAS[1], "betas": BETAS,
    "epsilon": 1e-8, "smooth": 0.9, "decay": 0.05, "dampening": 0.3, "batch": 1,
}  # fmt: skip
"""What is handed over where there is no default."""


class Filled(dict[Any, Any]):
    """A state that has whatever is looked up, by what its name means. read: takes the numbers."""

    def __init__(self, known: Mapping[str, Callable[[], Any]], read: dict[str, Any]) -> None:
        super().__init__()
        self.known, self.read = known, read

    def __missing__(self, key: Any) -> Any:
        found = next(
            (m for m in self.known if re.fullmatch(CALLED[m], str(key), re.IGNORECASE)), "first"
        )
        self[key] = self.known[found]()
        if found in USUAL:
            self.read[str(key)] = self[key]
        return self[key]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("known", "read"):
            super().__setattr__(name, value)
        else:
            self[name] = value


class Layer:
    """A layer whose weights, bias and their gradients have whatever names they are asked by."""

    WEIGHT = r"w|weights?|kernel"
    BIAS = r"b|bias(es)?"
    GRAD = r"(d|grad_?|d_|g)({})|({})_?grads?"

    def __init__(self, cells: Sequence[Any]) -> None:
        self.__dict__["own"] = {"W": cells[0], "b": cells[1]}

    def cells(self) -> list[Any]:
        """The weights and the bias as they are."""
        return [self.own["W"], self.own["b"]]

    def place(self, name: str) -> str:
        """W, b, dW or db by an attribute's name; ''."""
        for letter, pattern in (("W", self.WEIGHT), ("b", self.BIAS)):
            if re.fullmatch(pattern, name, re.IGNORECASE):
                return letter
            if re.fullmatch(self.GRAD.format(pattern, pattern), name, re.IGNORECASE):
                return f"d{letter}"
        return ""

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__["own"]
        place = self.place(name)
        if place not in own:
            raise AttributeError(name)
        return own[place]

    def __setattr__(self, name: str, value: Any) -> None:
        if place := self.place(name):
            self.__dict__["own"][place] = value
        else:
            self.__dict__[name] = value


def cell_of(p: Tensor, kind: str, of_class: bool) -> Any:
    """A parameter of one kind."""
    if kind in ("tensor", "frozen"):
        return nn.Parameter(p.clone()) if of_class else p.clone()
    if kind == "array":
        return p.numpy().copy()
    if kind == "scalar":
        return SimpleNamespace(data=float(p), grad=0.0)
    return SimpleNamespace(data=p.numpy().copy(), grad=np.zeros(tuple(p.shape)))


def value_of(cell: Any) -> Tensor:
    """A parameter as a tensor."""
    data = cell.data if isinstance(cell, SimpleNamespace) else cell
    if isinstance(data, torch.Tensor):
        return data.detach().clone()
    return torch.as_tensor(np.array(data), dtype=torch.float64)


def plain(g: Tensor, kind: str) -> Any:
    """A gradient of one kind."""
    if kind in ("tensor", "frozen"):
        return g.clone()
    return float(g) if kind == "scalar" else g.numpy().copy()


def feed(cell: Any, g: Tensor, refilled: bool) -> None:
    """Give a parameter its gradient."""
    if isinstance(cell, torch.Tensor):
        if refilled and cell.grad is not None:
            cell.grad.copy_(g)
        else:
            cell.grad = g.clone()
    elif isinstance(cell, SimpleNamespace):
        cell.grad = float(g) if isinstance(cell.data, float) else g.numpy().copy()


def zero_like(cell: Any) -> Any:
    """Zeros like a parameter."""
    data = cell.data if isinstance(cell, SimpleNamespace) else cell
    return torch.zeros_like(data) if isinstance(data, torch.Tensor) else np.zeros_like(data)


def prefixed(held: Mapping[str, Any]) -> dict[str, Any]:
    """The same by "dW1" for "W1"."""
    return {f"d{name}": each for name, each in held.items()}
