"""How the file's own whole uses its parts: what each was made with and called with, noted while the
whole is judged. A part is then judged with the layout, scale and mask that its whole gives it."""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any
from unittest import mock

import torch
from torch import nn

MOST = 3
"""Uses that are kept of one part."""
LARGEST = 1 << 20
"""Numbers of a tensor that is kept."""


@dataclass(frozen=True)
class Use:
    """One call of a part. made: the arguments of its constructor; None of a function, and of an
    object that was made before anybody noted it."""

    arguments: tuple[Any, ...]
    options: Mapping[str, Any]
    made: tuple[tuple[Any, ...], Mapping[str, Any]] | None = None


@dataclass
class Usage:
    """Uses of a file's classes and functions by others of it, by name. whole: the name of what is
    judged; its own calls are not noted. wholes: who used each part."""

    uses: dict[str, list[Use]] = field(default_factory=dict)
    wholes: dict[str, set[str]] = field(default_factory=dict)
    whole: str = ""
    inside: bool = False

    def of(self, name: str) -> list[Use]:
        """Of one part."""
        return self.uses.get(name, [])

    def note(self, name: str, use: Use) -> None:
        """A call."""
        if not self.whole or name == self.whole:
            return
        self.wholes.setdefault(name, set()).add(self.whole)
        found = self.uses.setdefault(name, [])
        if len(found) < MOST:
            found.append(use)

    @contextmanager
    def watching(self, module: ModuleType) -> Iterator[None]:
        """Note what the classes and functions of a module do with each other."""
        with ExitStack() as stack:
            for name, it in list(vars(module).items()):
                if getattr(it, "__module__", "") != module.__name__:
                    continue
                if inspect.isclass(it) and issubclass(it, nn.Module) and "forward" in vars(it):
                    stack.enter_context(mock.patch.object(it, "__init__", self._made(it)))
                    stack.enter_context(mock.patch.object(it, "forward", self._called(name, it)))
                elif inspect.isfunction(it):
                    noted = self._function(name, it)
                    stack.enter_context(mock.patch.dict(vars(module), {name: noted}))
            yield

    def _made(self, it: type) -> Callable[..., None]:
        original: Callable[..., None] = it.__init__  # type: ignore[misc]

        @functools.wraps(original)
        def init(this: Any, *arguments: Any, **options: Any) -> None:
            original(this, *arguments, **options)
            if type(this) is it:
                this.__dict__.setdefault("_etude_made", (arguments, options))

        return init

    def _called(self, name: str, it: type) -> Callable[..., Any]:
        original: Callable[..., Any] = it.forward  # type: ignore[attr-defined]

        @functools.wraps(original)
        def forward(this: Any, *arguments: Any, **options: Any) -> Any:
            if type(this) is it:
                made = this.__dict__.get("_etude_made")
                self.note(name, Use(*_kept(arguments, options), made))
            return original(this, *arguments, **options)

        return forward

    def _function(self, name: str, it: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(it)
        def call(*arguments: Any, **options: Any) -> Any:
            self.note(name, Use(*_kept(arguments, options)))
            return it(*arguments, **options)

        return call


def _kept(
    arguments: tuple[Any, ...], options: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Copies of small tensors; everything else as it is."""

    def copy(value: Any) -> Any:
        small = isinstance(value, torch.Tensor) and value.numel() <= LARGEST
        return value.detach().clone() if small else value

    return tuple(map(copy, arguments)), {name: copy(value) for name, value in options.items()}
