"""A training function watched at work: each backward, zero_grad, optimizer step and call of torch,
with the line of the user's file from which it came.

    with watched(watcher): train(model, loader, optimizer)

A watcher is called before and after each; it looks at gradients and parameters itself, so a step is
seen for its effect, whoever made the optimizer. `trace` records something else: the values of one
forward. It holds every tensor until its end, so here it would keep alive the very graphs whose
release a watcher observes.
"""

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import torch
from torch import nn
from torch.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.overrides import TorchFunctionMode

from etude.shapes import Tensor


class Watcher:
    """Told what happens; file: the user's. A role overrides what it cares for."""

    def __init__(self, file: str) -> None:
        self.file = file

    def before(self, what: str, it: Any) -> None:
        """what: "backward" of `it`, "zero" or "step" by `it`, an optimizer
        that is "made"."""

    def after(self, what: str, it: Any) -> None:
        """The same, done."""

    def called(self, name: str, args: Any, kwargs: Mapping[str, Any], out: Any) -> None:
        """A call of torch has returned. name: without the underscores at its ends."""


class _Calls(TorchFunctionMode):
    """While entered, tells the watcher of each call of torch."""

    def __init__(self, watcher: Watcher) -> None:
        super().__init__()
        self.watcher = watcher

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        self.watcher.called(str(getattr(func, "__name__", "")).strip("_"), args, kwargs, out)
        return out


def line_now(file: str) -> int:
    """The innermost line of this file on the stack; 0 where there is none."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename == file:
            return frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return 0


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """While entered, `watcher` is told."""

    def around(what: str, inner: Any) -> Any:
        def outer(it: Any, *args: Any, **kwargs: Any) -> Any:
            watcher.before(what, it)
            out = inner(it, *args, **kwargs)
            watcher.after(what, it)
            return out

        return outer

    def step_before(optimizer: Any, args: Any, kwargs: Any) -> Any:
        """A step that has a closure begins where the closure ends."""

        def told(closure: Any) -> Any:
            def outer() -> Any:
                out = closure()
                watcher.before("step", optimizer)
                return out

            return outer if inspect.isroutine(closure) else closure

        if not any(map(inspect.isroutine, (*args, *kwargs.values()))):
            watcher.before("step", optimizer)
        return tuple(map(told, args)), {k: told(v) for k, v in kwargs.items()}

    def step_after(optimizer: Any, args: Any, kwargs: Any) -> None:
        watcher.after("step", optimizer)

    with ExitStack() as stack:
        for owner, name, what in (
            (torch.autograd, "backward", "backward"),
            (Optimizer, "zero_grad", "zero"),
            (nn.Module, "zero_grad", "zero"),
            (Optimizer, "__init__", "made"),
        ):
            stack.enter_context(mock.patch.object(owner, name, around(what, getattr(owner, name))))
        stack.callback(register_optimizer_step_pre_hook(step_before).remove)
        stack.callback(register_optimizer_step_post_hook(step_after).remove)
        stack.enter_context(_Calls(watcher))
        yield


def empty(parameters: Iterable[Tensor]) -> bool:
    """Whether no gradient is there, or nothing but zeros."""
    return all(p.grad is None or not bool(p.grad.any()) for p in parameters)
