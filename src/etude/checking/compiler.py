"""torch loads its compiler, seconds of work, when the first optimizer is made: only to tell it that
nothing of optimizers is compiled. Where no compiler is loaded, there is none to tell.
"""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch
from torch.optim.optimizer import Optimizer

NAME = "torch._dynamo"
MARK = "__dynamo_disable"
"""torch keeps here, at a function, its form that is not compiled."""


class _Absent(ModuleType):
    """Stands for the compiler until something else is asked of it."""

    def graph_break(self) -> None:
        """Nothing is traced."""

    def disable(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """It is not compiled anyway."""
        return fn

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        _forget(self)
        return getattr(importlib.import_module(NAME), name)


def _forget(absent: ModuleType) -> None:
    if sys.modules.get(NAME) is absent:
        del sys.modules[NAME]
        vars(torch).pop("_dynamo", None)


@contextmanager
def without_compiler() -> Iterator[None]:
    """While entered, optimizers work without torch's compiler; then it can be loaded as ever."""
    if NAME in sys.modules:
        yield
        return
    absent = _Absent(NAME)
    sys.modules[NAME] = absent
    vars(torch)["_dynamo"] = absent
    try:
        yield
    finally:
        _forget(absent)
        for it in vars(Optimizer).values():
            inner = getattr(it, "__wrapped__", None)
            if inner is not None and getattr(inner, MARK, None) is inner:
                delattr(inner, MARK)
