"""Names that a snippet uses and does not define, pasted without its imports: those that everyone
knows are lent to it."""

import builtins
import inspect
import math
import os
import random
import sys
import time
from collections.abc import Iterable, Iterator
from types import CodeType
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.autograd import Variable
from torch.utils.data import DataLoader

from etude.checking.source import Thing


class Bar:
    """A progress bar that shows nothing, called as tqdm is."""

    def __init__(self, through: Iterable[Any] = (), *arguments: Any, **options: Any) -> None:
        self.through = through

    def __iter__(self) -> Iterator[Any]:
        return iter(self.through)

    def __len__(self) -> int:
        return len(self.through)  # type: ignore[arg-type]

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *arguments: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *arguments, **options: None


Bar.tqdm = Bar  # type: ignore[attr-defined]  # also as `tqdm.tqdm(...)`


KNOWN = {
    "torch": torch, "nn": nn, "F": F, "np": np, "numpy": np, "time": time, "math": math, "os": os,
    "random": random, "sys": sys, "optim": optim, "Variable": Variable, "Tensor": torch.Tensor,
    "DataLoader": DataLoader, "tqdm": Bar,
    "device": torch.device("cpu"), "DEVICE": torch.device("cpu"),
}  # fmt: skip


def lend(thing: Thing, **more: Any) -> None:
    """Lend a thing of a file that étude has imported the names that the file lacks. more: further
    ones."""
    known = {**KNOWN, **more}
    module = sys.modules.get(getattr(thing.it, "__module__", ""))
    if module is None or not module.__name__.startswith("examined_"):
        return
    space = vars(module)
    for name, value in list(space.items()):
        if type(value).__name__ == "Missing" and str(vars(value)["_name"]).startswith("tqdm"):
            space[name] = Bar
    for it in list(space.values()):
        if getattr(it, "__module__", "") == module.__name__:
            for name in names_of(it):
                if name in known and name not in space and not hasattr(builtins, name):
                    space[name] = known[name]


def names_of(it: Any) -> set[str]:
    """Global names that a function, or the methods of a class, ask for."""
    inner = vars(it).values() if isinstance(it, type) else [it]
    plain = [inspect.unwrap(each) for each in inner if callable(each)]
    codes = [code for each in plain if (code := getattr(each, "__code__", None))]
    found: set[str] = set()
    while codes:
        code = codes.pop()
        found |= set(code.co_names)
        codes += [each for each in code.co_consts if isinstance(each, CodeType)]
    return found
