"""Trace: the intermediate values of one forward pass, recorded without changing its output.

`record` runs the model once, eagerly, in eval mode, with hooks that copy. Attention weights and
LSTM gates are computed afterwards, from the copied inputs: the fused kernels never materialise
them, and requesting them must not switch the forward pass to another kernel.

The unit here is the call of a named module of ours. `checking.trace` records single torch functions
instead, because the code that it reads may have no modules.

    N batch · L queries or steps · S keys · H heads · D features · C channels · P patches
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import prod

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from etude.errors import InvalidValue
from etude.layers import LSTM, MultiHeadAttention, PatchEmbedding
from etude.locale.texts import text
from etude.shapes import Batch, Tensor

Shape = tuple[int, ...]


@dataclass
class Call:
    """One call of a named module. Calls are stored in the order in which they began.

    parameters: number of parameters that belong to no module called inside it. multiply_adds: its
    own, without those of modules called inside it. inputs, options: the arguments of an attention
    layer or an LSTM by position and by name, None where one is absent. units: number of features
    (channels of images); dead: number of units that never changed over the batch, None if each unit
    has one value only. inner: whether it called other named modules.
    """

    name: str
    module: nn.Module
    input_shape: Shape = ()
    output_shape: Shape = ()
    inputs: tuple[Tensor | None, ...] = ()
    options: dict[str, Tensor | None] | None = None
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
        """The name of the module's class."""
        return type(self.module).__name__


@dataclass(frozen=True)
class Trace:
    """The module calls of one forward pass, and its output."""

    calls: tuple[Call, ...]
    output: object

    def of(self, *kinds: type[nn.Module]) -> list[Call]:
        """The calls of modules of these classes."""
        return [call for call in self.calls if isinstance(call.module, kinds)]

    @cached_property
    def attention(self) -> dict[str, Tensor]:
        """Attention weights before dropout [N H L S] by module name.

        Rows sum to one, or to zero if the mask hides every key.
        """
        weights = {}
        for call in self.of(MultiHeadAttention):
            q, k, mask = _attended(call)
            with torch.no_grad():
                weights[call.name] = call.module.weights(q, k, mask)  # type: ignore[operator]
        return weights

    @cached_property
    def gates(self) -> dict[str, dict[str, Tensor]]:
        """For each layer (and direction) of each LSTM: i, f, g, o, h and c, each [N L D]."""
        gates = {}
        for call in self.of(LSTM):
            # `lengths` may have been passed by position or by name.
            x, lengths = (*call.inputs, (call.options or {}).get("lengths"))[:2]
            with torch.no_grad():
                layers = list(call.module.steps(x, lengths))  # type: ignore[operator]
            both = call.module.bidirectional
            for index, steps in enumerate(layers):
                # A bidirectional LSTM yields each layer twice: forwards, then backwards.
                layer, back = divmod(index, 2) if both else (index, 0)
                name = f"layer {layer + 1}" + (" backwards" if back else "")
                gates[name] = {
                    key: torch.stack([getattr(step, key) for step in steps], 1)
                    for key in ("i", "f", "g", "o", "h", "c")
                }
        return gates


def record(
    model: nn.Module, batch: Batch, run: Callable[[], object] | None = None, keep: bool = True
) -> Trace:
    """Record one forward pass of `batch`, or of `run` if one is passed.

    keep: store the output of each call, not only its statistics. Raises ValueError in training
    mode, where the pass would apply dropout.
    """
    if model.training:
        raise InvalidValue(text("inspection.trace"))
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
    """Hooks that record calls. `open` is the stack of calls that have begun and not ended."""

    def __init__(self, keep: bool) -> None:
        self.calls: list[Call] = []
        self.open: list[Call] = []
        self.keep = keep

    def hooks(self, name: str) -> tuple[Callable[..., None], Callable[..., None]]:
        """The hooks that run before and after each call of the module of this name."""

        def enter(
            module: nn.Module, args: tuple[object, ...], options: dict[str, Tensor | None]
        ) -> None:
            call = Call(name, module, input_shape=_shape(args))
            # Weights and gates are computed from these inputs afterwards. Copies, because a
            # later module may change a tensor in place.
            if isinstance(module, MultiHeadAttention | LSTM):
                call.inputs = tuple(x.clone() if isinstance(x, Tensor) else None for x in args)
                call.options = options
            for outer in self.open:
                outer.inner = True
            self.calls.append(call)
            self.open.append(call)

        def leave(module: nn.Module, args: object, output: object) -> None:
            call = self.open.pop()
            call.output_shape = _shape(output)
            tensor = _first(output)
            if tensor is not None:
                # A copy, because the next module may overwrite it (a ReLU in place).
                tensor = tensor.detach().clone()
                call.multiply_adds = multiply_adds(module, call, tensor)
                _measure(call, tensor)
                call.output = tensor if self.keep else None

        return enter, leave


def _first(x: object) -> Tensor | None:
    """The first tensor among the inputs or outputs of a module; None if there is none."""
    # An LSTM returns (output, (h, c)): the first tensor is the output.
    if isinstance(x, tuple | list) and x:
        return _first(x[0])
    return x if isinstance(x, Tensor) else None


def _shape(x: object) -> Shape:
    tensor = _first(x)
    return () if tensor is None else tuple(tensor.shape)


def _attended(call: Call) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """The arguments Q, K and mask of a call of an attention layer; K is None in self-attention."""
    arguments = {**dict(zip(("Q", "K", "V", "mask"), call.inputs)), **(call.options or {})}
    Q = arguments["Q"]
    assert Q is not None
    return Q, arguments.get("K"), arguments.get("mask")


def multiply_adds(module: nn.Module, call: Call, output: Tensor) -> int:
    """Multiply-adds of this module's own matrix products. Biases, norms, activations and modules
    called inside it are not counted."""
    size = output.numel()
    match module:
        case nn.Linear():
            return size * module.in_features
        # Before _ConvNd, of which it is a subclass.
        case _ConvTransposeNd():
            # Each input value is multiplied once by every weight of its group, whatever the stride.
            weights = module.out_channels // module.groups * prod(module.kernel_size)
            return prod(call.input_shape) * weights
        case _ConvNd():
            return size * module.in_channels // module.groups * prod(module.kernel_size)
        case PatchEmbedding():
            return size * module.proj.in_channels * module.patch**2
        case nn.LSTM():
            # Packing removes the steps beyond `lengths`, so they cost nothing.
            lengths = (*call.inputs[1:], (call.options or {}).get("lengths"), None)[0]
            count = prod(call.input_shape[:-1]) if lengths is None else int(lengths.sum())
            ways = 1 + module.bidirectional
            width, total = module.hidden_size, 0
            for layer in range(module.num_layers):
                # Above the first layer the input is the output of all directions below.
                inputs = ways * width if layer else module.input_size
                # Each of four gates has a matrix for the input and one for the hidden state.
                total += ways * 4 * width * (inputs + width)
            return count * total
        case MultiHeadAttention():
            q, k, _ = _attended(call)
            n, length, width = q.shape
            keys = length if k is None else k.shape[1]
            # In cross-attention the module projects Q, K and V with functional calls, which no hook
            # records. In self-attention its Linear submodules count their own products.
            projections = 0 if k is None else n * (length + 2 * keys) * width**2
            return 2 * n * length * keys * width + projections  # scores, and the weighted sum
    return 0


def _measure(call: Call, output: Tensor) -> None:
    """Store the statistics of an output in its call."""
    x = output.float()
    # correction=0: an output of one value has a standard deviation of 0, not NaN.
    call.mean, call.std = float(x.mean()), float(x.std(correction=0))
    call.zeros = float((x == 0).float().mean())
    # Channels are axis 1 of images [N C H W]; features are the last axis of all other outputs.
    axis = 1 if x.ndim == 4 else x.ndim - 1
    call.units = x.shape[axis]
    by_unit = x.movedim(axis, 0).flatten(1)
    if by_unit.shape[1] > 1:
        low, high = by_unit.aminmax(dim=1)
        call.dead = int((low == high).sum())


def _with_parameters(calls: list[Call]) -> list[Call]:
    """The calls with their numbers of parameters. Each parameter counts once, at the innermost
    module that owns it and was called."""
    # The deepest names come first and claim their parameters; shared weights count once.
    seen: set[int] = set()
    for call in sorted(calls, key=lambda c: -len(c.name.split(".")) if c.name else 0):
        own = [p for p in call.module.parameters() if id(p) not in seen]
        call.parameters = sum(p.numel() for p in own)
        seen |= {id(p) for p in own}
    return calls
