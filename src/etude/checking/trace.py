"""What a user's forward does: every call of torch, with the user's line, what went in and came out;
and which of the user's parameters stands behind which product.

A tensor made of parameters alone (`W.T`, `W.chunk(3)[0]`, a stack of them) can be made again of
other parameters: that is how weights reach the reference, however they are stored.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from unittest import mock

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

from etude.checking.event_recorder import line_now
from etude.shapes import Tensor

Weights = Mapping[str, Tensor]
Make = Callable[[Weights], Tensor]
"""Makes a tensor of the user's parameters, by name."""
TOLERANCE = 1e-9
"""Of the largest number: float64 leaves 1e-15 or so, a fault far more."""
MOST = 100_000
"""Numbers of a tensor above which its values are not kept."""


@dataclass(frozen=True)
class Made:
    """A tensor made of parameters alone."""

    names: tuple[str, ...]
    make: Make


@dataclass(frozen=True)
class Call:
    """One call of torch. line: of the user's file, 0 outside it. ins, outs: values at that time."""

    name: str
    line: int
    ins: tuple[Tensor, ...]
    outs: tuple[Tensor, ...]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    number: int
    data: tuple[bool, ...]
    """Of each of `ins`, whether it comes of what went in."""
    made: tuple[Made | None, ...]
    """Of each of `ins`, where it is made of parameters."""
    sources: tuple[tuple[int, int] | int, ...] = ()
    """Of each of `ins`, the call that it came out of and its place there; else its id."""

    @property
    def names(self) -> tuple[str, ...]:
        """The user's parameters in it."""
        return tuple(name for made in self.made if made for name in made.names)


def tensors(value: Any) -> Iterator[Tensor]:
    """All tensors in nested tuples, lists and mappings."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from tensors(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from tensors(each)


def replaced(value: Any, new: Mapping[int, Tensor]) -> Any:
    """Nested arguments with tensors exchanged, by id."""
    if isinstance(value, torch.Tensor):
        return new.get(id(value), value)
    if isinstance(value, Mapping):
        return {key: replaced(each, new) for key, each in value.items()}
    if type(value) in (list, tuple):
        return type(value)(replaced(each, new) for each in value)
    return value


class Trace:
    """All calls of one forward, in order."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def named(self, *names: str) -> list[Call]:
        """Calls of these functions; `a` also finds `a_` and `__a__`."""
        return [call for call in self.calls if call.name.strip("_") in names]

    def line(self, *names: str) -> int:
        """The user's line of the first of these calls; 0 where there is none."""
        return next((call.line for call in self.named(*names) if call.line), 0)

    def line_of(self, value: Tensor) -> int:
        """The user's line at which these values first came out of a call, as they are, else in
        whatever order; 0."""
        for call in self.calls:
            if call.line and any(_equal(value, each) for each in call.outs):
                return call.line
        index = self._found(value, self._out)
        return self.calls[index].line if index >= 0 else 0

    def holds(self, value: Tensor) -> bool:
        """Whether these values came out of, or went into, some call, in whatever order."""
        return self._found(value, self._out) >= 0 or self._found(value, self._in) >= 0

    @cached_property
    def _out(self) -> "Sorted":
        return self._sorted(lambda call: call.outs)

    @cached_property
    def _in(self) -> "Sorted":
        return self._sorted(lambda call: call.ins)

    def _sorted(self, of: Callable[[Call], tuple[Tensor, ...]]) -> "Sorted":
        """By how many numbers they have: whose they are, and their numbers in order, a row each."""
        found: dict[int, tuple[list[int], list[Tensor]]] = {}
        for i, call in enumerate(self.calls):
            for each in of(call):
                if each.is_floating_point() and 0 < each.numel() <= MOST:
                    whose, rows = found.setdefault(each.numel(), ([], []))
                    whose.append(i)
                    rows.append(in_order(each))
        return {count: (whose, torch.stack(rows)) for count, (whose, rows) in found.items()}

    def _found(self, value: Tensor, among: "Sorted") -> int:
        whose, rows = among.get(value.numel(), ([], None))
        if rows is None:
            return -1
        wanted = in_order(value)
        far = (rows - wanted).abs().amax(1)
        near = (far <= TOLERANCE * wanted.abs().max()).nonzero()
        return whose[int(near[0])] if len(near) else -1


Sorted = Mapping[int, tuple[list[int], Tensor]]


def _equal(a: Tensor, b: Tensor) -> bool:
    if a.shape != b.shape or not b.is_floating_point():
        return False
    return float((a.detach() - b).abs().max()) <= TOLERANCE * float(b.abs().max())


def in_order(value: Tensor) -> Tensor:
    """The numbers of a tensor, from small to large."""
    return value.detach().double().flatten().sort().values


def same_values(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors hold the same numbers, in whatever order and shape."""
    if a.numel() != b.numel() or not a.numel():
        return False
    a, b = in_order(a), in_order(b)
    return float((a - b).abs().max()) <= TOLERANCE * float(b.abs().max())


def _named(name: str) -> Make:
    return lambda P: P[name]


class Recorder(TorchFunctionMode):
    """While entered, notes each call. parameters: the user's, by name; data: what goes in; file:
    the user's; instead: makes another value of what a call gave, by the call's number."""

    def __init__(
        self, parameters: Weights, data: Any, file: str,
        instead: Mapping[int, Callable[[Tensor], Tensor]] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.file, self.trace, self.instead = file, Trace(), instead or {}
        self.data = {id(each) for each in tensors(data)}
        self.made: dict[int, Made] = {
            id(p): Made((name,), _named(name)) for name, p in parameters.items()
        }
        self.sources: dict[int, tuple[int, int]] = {}
        self.alive: list[Any] = [data]  # an id is a tensor's as long as the tensor lives

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func is F.multi_head_attention_forward:  # its parts are noted, not the whole
            with self, mock.patch.object(F, "has_torch_function", return_value=False):
                return func(*args, **kwargs)
        ins = tuple(tensors((args, kwargs)))
        before = tuple(map(_kept, ins))
        out = func(*args, **kwargs)
        if len(self.trace.calls) in self.instead and isinstance(out, torch.Tensor):
            out = self.instead[len(self.trace.calls)](out)
        outs = tuple(tensors(out))
        if outs:
            made = tuple(self.made.get(id(each)) for each in ins)
            data = tuple(id(each) in self.data for each in ins)
            sources = tuple(self.sources.get(id(each), id(each)) for each in ins)
            self.alive.append((ins, outs))
            self._derive(func, args, kwargs, ins, outs)
            name = str(getattr(func, "__name__", func))
            if name == "__get__":
                name = str(getattr(getattr(func, "__self__", None), "__name__", name))
            kept = tuple(map(_kept, outs))
            self.trace.calls.append(
                Call(
                    name,
                    line_now(self.file),
                    before,
                    kept,
                    args,
                    kwargs,
                    len(self.trace.calls),
                    data,
                    made,
                    sources,
                )
            )
            number = len(self.trace.calls) - 1
            self.sources |= {id(each): (number, i) for i, each in enumerate(outs)}
        return out

    def _derive(
        self,
        func: Callable[..., Any],
        args: Any,
        kwargs: Any,
        ins: tuple[Tensor, ...],
        outs: tuple[Tensor, ...],
    ) -> None:
        """Note what is made of parameters (and of indices) alone, and what of the data."""
        if any(id(each) in self.data for each in ins):
            self.data.update(id(each) for each in outs)
            return
        known = {id(each): self.made[id(each)] for each in ins if id(each) in self.made}
        others = [each for each in ins if id(each) not in known and each.is_floating_point()]
        if not known or others or any(id(each) in self.made for each in outs):
            return
        names = tuple(dict.fromkeys(name for each in known.values() for name in each.names))
        for i, out in enumerate(outs):

            def make(P: Weights, i: int = i) -> Tensor:
                new = {old: each.make(P) for old, each in known.items()}
                return list(tensors(func(*replaced(args, new), **replaced(kwargs, new))))[i]

            self.made[id(out)] = Made(names, make)


def _kept(tensor: Tensor) -> Tensor:
    return tensor.detach().clone() if tensor.numel() <= MOST else tensor.detach()
