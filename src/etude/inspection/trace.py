"""Trace: what went through a network in one forward pass, without changing what came out.

`record` runs the model once, eagerly, in eval mode, with hooks that copy. Attention weights and
LSTM gates are computed ASIDE, afterwards, from the copied inputs: the fused kernels never form
them, and asking for them must not choose another road to the output.

    N batch · L queries or steps · S keys · H heads · D features · C channels · P patches
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from etude.layers import LSTM, MultiHeadAttention, PatchEmbedding
from etude.shapes import Batch, Tensor

Shape = tuple[int, ...]


@dataclass
class Call:
    """One call of a named module, in the order in which calls began.

    parameters: those that no module called inside it has. multiply_adds: its own, likewise.
    units: features (of images: channels); dead: how many of them never changed over the batch, None
    where one value a unit cannot tell. inner: it called other named modules.
    """

    name: str
    module: nn.Module
    given: Shape = ()
    made: Shape = ()
    inputs: tuple[Any, ...] = ()
    options: dict[str, Any] | None = None
    output: Tensor | None = None
    parameters: int = 0
    multiply_adds: int = 0
    mean: float = 0.0
    std: float = 0.0
    zeros: float = 0.0
    units: int = 0
    dead: int | None = None
    inner: bool = False

    @property
    def kind(self) -> str:
        """The class of the module."""
        return type(self.module).__name__


@dataclass(frozen=True)
class Trace:
    """The calls of one forward pass, and its output."""

    calls: tuple[Call, ...]
    output: Any

    def of(self, *kinds: type[nn.Module]) -> list[Call]:
        """The calls of modules of these classes."""
        return [call for call in self.calls if isinstance(call.module, kinds)]

    @cached_property
    def attention(self) -> dict[str, Tensor]:
        """Weights before dropout [N H L S] by module name; rows sum to one, or to zero where every
        key is hidden."""
        found = {}
        for call in self.of(MultiHeadAttention):
            q, k, mask = _attended(call)
            with torch.no_grad():
                found[call.name] = call.module.weights(q, k, mask)  # type: ignore[operator]
        return found

    @cached_property
    def gates(self) -> dict[str, dict[str, Tensor]]:
        """Of each layer (and direction) of each LSTM: i, f, g, o, h and c, each [N L D]."""
        found = {}
        for call in self.of(LSTM):
            x, lengths = (*call.inputs, (call.options or {}).get("lengths"))[:2]
            with torch.no_grad():
                layers = list(call.module.steps(x, lengths))  # type: ignore[operator]
            both = call.module.bidirectional
            for index, walked in enumerate(layers):
                layer, back = divmod(index, 2) if both else (index, 0)
                name = f"layer {layer + 1}" + (" backwards" if back else "")
                found[name] = {
                    key: torch.stack([getattr(step, key) for step in walked], 1)
                    for key in ("i", "f", "g", "o", "h", "c")
                }
        return found


def record(
    model: nn.Module, batch: Batch, run: Callable[[], Any] | None = None, keep: bool = True
) -> Trace:
    """One forward pass of `batch`, or whatever `run` does with the model. keep: outputs too, not
    their statistics alone. Raises ValueError in training mode, where it would draw dropout."""
    if model.training:
        raise ValueError("a model is recorded in eval mode: call model.eval() first")
    recorder = _Recorder(keep)
    handles = []
    for name, module in model.named_modules():
        enter, leave = recorder.hooks(name)
        handles.append(module.register_forward_pre_hook(enter, with_kwargs=True))
        handles.append(module.register_forward_hook(leave))
    try:
        with torch.no_grad():
            output = run() if run else model(*batch.inputs)
    finally:
        for handle in handles:
            handle.remove()
    return Trace(tuple(_with_parameters(recorder.calls)), output)


class _Recorder:
    """Hooks that write down calls; `open` are those that have begun and not ended."""

    def __init__(self, keep: bool) -> None:
        self.calls: list[Call] = []
        self.open: list[Call] = []
        self.keep = keep

    def hooks(self, name: str) -> tuple[Any, Any]:
        """Before and after each call of the module of this name."""

        def enter(module: nn.Module, args: tuple[Any, ...], options: dict[str, Any]) -> None:
            call = Call(name, module, given=_shape(args))
            if isinstance(module, MultiHeadAttention | LSTM):
                call.inputs = tuple(x.clone() if isinstance(x, Tensor) else x for x in args)
                call.options = options
            for outer in self.open:
                outer.inner = True
            self.calls.append(call)
            self.open.append(call)

        def leave(module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
            call = self.open.pop()
            call.made = _shape(output)
            found = _first(output)
            if found is not None:
                # A copy: the next module may write over it (ReLU in place).
                found = found.detach().clone()
                call.multiply_adds = multiply_adds(module, call, found)
                _measure(call, found)
                call.output = found if self.keep else None

        return enter, leave


def _first(x: Any) -> Tensor | None:
    """The tensor of what a module took or gave: itself, or the first of several."""
    if isinstance(x, tuple | list) and x:
        return _first(x[0])
    return x if isinstance(x, Tensor) else None


def _shape(x: Any) -> Shape:
    found = _first(x)
    return () if found is None else tuple(found.shape)


def _attended(call: Call) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Q, K and mask that an attention was called with."""
    given = {**dict(zip(("Q", "K", "V", "mask"), call.inputs)), **(call.options or {})}
    return given["Q"], given.get("K"), given.get("mask")


def multiply_adds(module: nn.Module, call: Call, output: Tensor) -> int:
    """Multiplications with an addition in this module's own matrix products; biases, norms and
    activations are not counted, nor what modules called inside it do."""
    size = output.numel()
    match module:
        case nn.Linear():
            return size * module.in_features
        case _ConvTransposeNd():
            # Each input value meets every weight of its group once.
            weights = module.out_channels // module.groups * prod(module.kernel_size)
            return prod(call.given) * weights
        case _ConvNd():
            return size * module.in_channels // module.groups * prod(module.kernel_size)
        case PatchEmbedding():
            return size * module.proj.in_channels * module.patch**2
        case nn.LSTM():
            # Padding beyond `lengths` is packed away and costs nothing.
            lengths = (*call.inputs[1:], (call.options or {}).get("lengths"), None)[0]
            count = prod(call.given[:-1]) if lengths is None else int(lengths.sum())
            ways = 1 + module.bidirectional
            width, total = module.hidden_size, 0
            for layer in range(module.num_layers):
                inputs = ways * width if layer else module.input_size
                total += ways * 4 * width * (inputs + width)
            return count * total
        case MultiHeadAttention():
            q, k, _ = _attended(call)
            n, length, width = q.shape
            keys = length if k is None else k.shape[1]
            apart = 0 if k is None else n * (length + 2 * keys) * width**2  # projects by itself
            return 2 * n * length * keys * width + apart
    return 0


def _measure(call: Call, output: Tensor) -> None:
    x = output.float()
    call.mean, call.std = float(x.mean()), float(x.std(correction=0))
    call.zeros = float((x == 0).float().mean())
    axis = 1 if x.ndim == 4 else x.ndim - 1
    call.units = x.shape[axis]
    by_unit = x.movedim(axis, 0).flatten(1)
    if by_unit.shape[1] > 1:
        low, high = by_unit.aminmax(dim=1)
        call.dead = int((low == high).sum())


def _with_parameters(calls: list[Call]) -> list[Call]:
    """Each parameter counted once, at the innermost module called that has it."""
    seen: set[int] = set()
    for call in sorted(calls, key=lambda c: -len(c.name.split(".")) if c.name else 0):
        own = [p for p in call.module.parameters() if id(p) not in seen]
        call.parameters = sum(p.numel() for p in own)
        seen |= {id(p) for p in own}
    return calls
