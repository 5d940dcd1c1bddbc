"""The operations of a tape in NumPy: the reference with which every new tape is compared.

`web/player.js` has the same ones. Each takes the value that it makes and the arguments of ATen's
schema by name; the caller casts the result to its type. Sums are in float64, so that the order of
summands does not matter.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import special

from etude.exporters.tapes.form import Value
from etude.exporters.tapes.recurrent import lstm
from etude.exporters.tapes.spatial import (
    adaptive_avg_pool2d,
    avg_pool2d,
    convolution,
    max_pool2d,
)

Operation = Callable[..., Any]
Array = np.ndarray


def _unary(function: Callable[[Array], Any]) -> Operation:
    # Some arguments have no effect on one sample, as `inplace`; they are left out.
    return lambda made, self: function(_wide(self))


def _binary(function: Callable[[Any, Any], Any]) -> Operation:
    return lambda made, self, other: function(_wide(self), _wide(other))


def _wide(x: Any) -> Any:
    """A number or an array in float64, if it is of floating point; whole numbers stay whole."""
    return x.astype(np.float64) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x


def _axes(dim: int | Sequence[int] | None) -> tuple[int, ...] | None:
    if dim is None or dim == []:
        return None
    return (dim,) if isinstance(dim, int) else tuple(dim)


def _reduce(function: Callable[..., Any]) -> Operation:
    def reduce(made: Value, self: Array, dim: Any = None, keepdim: bool = False) -> Any:
        return function(_wide(self), axis=_axes(dim), keepdims=keepdim)

    return reduce


def _extreme(values: Callable[..., Any], places: Callable[..., Any]) -> Operation:
    """The largest or smallest values along an axis, and where they are; or of all, without axis."""

    def extreme(made: Value, self: Array, dim: int | None = None, keepdim: bool = False) -> Any:
        if dim is None:
            return values(self)
        return values(self, axis=dim, keepdims=keepdim), places(self, axis=dim, keepdims=keepdim)

    return extreme


def _place(function: Callable[..., Any]) -> Operation:
    return lambda made, self, dim, keepdim: function(self, axis=dim, keepdims=keepdim)


def add(made: Value, self: Any, other: Any, alpha: float = 1) -> Any:
    """self + alpha other."""
    return _wide(self) + alpha * _wide(other)


def sub(made: Value, self: Any, other: Any, alpha: float = 1) -> Any:
    """self - alpha other."""
    return _wide(self) - alpha * _wide(other)


def div(made: Value, self: Any, other: Any, rounding_mode: str | None = None) -> Any:
    """self / other, perhaps rounded down or towards zero."""
    quotient = np.true_divide(_wide(self), _wide(other))
    rounding: dict[str | None, Any] = {None: np.asarray, "floor": np.floor, "trunc": np.trunc}
    return rounding[rounding_mode](quotient)


def power(made: Value, self: Any, exponent: Any) -> Any:
    """self to the power exponent; either may be a number."""
    return np.power(np.float64(1) * self, exponent)


def clamp(made: Value, self: Array, min: Any = None, max: Any = None) -> Array:
    """self within min..max."""
    return np.asarray(np.clip(_wide(self), min, max))


def gelu(made: Value, self: Array, approximate: str = "none") -> Array:
    """x Phi(x), exact or by the approximation with tanh."""
    x = _wide(self)
    if approximate == "tanh":
        return np.asarray(x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))
    return np.asarray(x * special.ndtr(x))


def elu(
    made: Value, self: Array, alpha: float = 1, scale: float = 1, input_scale: float = 1
) -> Array:
    """scale x above zero, scale alpha (exp(input_scale x) - 1) below."""
    x = _wide(self)
    below = scale * alpha * np.expm1(np.minimum(x, 0) * input_scale)
    return np.asarray(np.where(x > 0, scale * x, below))


def leaky_relu(made: Value, self: Array, negative_slope: float = 0.01) -> Array:
    """x above zero, negative_slope x below."""
    return np.asarray(np.where(self > 0, _wide(self), _wide(self) * negative_slope))


def softmax(made: Value, self: Array, dim: int, half_to_float: bool = False) -> Array:
    """exp(x) over its sum along an axis."""
    x = _wide(self)
    powers = np.exp(x - x.max(dim, keepdims=True))
    return np.asarray(powers / powers.sum(dim, keepdims=True))


def log_softmax(made: Value, self: Array, dim: int, half_to_float: bool = False) -> Array:
    """The logarithm of softmax."""
    x = _wide(self)
    return np.asarray(x - special.logsumexp(x, dim, keepdims=True))


def var(
    made: Value, self: Array, dim: Any = None, correction: float | None = None,
    keepdim: bool = False,
) -> Array:  # fmt: skip
    """The variance; the sum is divided by the count less `correction`, by default 1."""
    ddof = 1 if correction is None else correction
    return np.asarray(_wide(self).var(_axes(dim), ddof=ddof, keepdims=keepdim))


def var_mean(made: Value, self: Array, dim: Any = None, **options: Any) -> tuple[Array, Array]:
    """Variance and mean."""
    middle = _wide(self).mean(_axes(dim), keepdims=options.get("keepdim", False))
    return var(made, self, dim, **options), middle


def split(made: Value, self: Array, split_sizes: Sequence[int], dim: int = 0) -> list[Array]:
    """Parts of these lengths along an axis."""
    return np.split(self, np.cumsum(split_sizes)[:-1], dim)


def _between(
    self: Array, dim: int, start: int | None, end: int | None, step: int
) -> tuple[Any, ...]:
    """What indexes start..end of an axis."""
    parts: list[Any] = [slice(None)] * self.ndim
    parts[dim] = slice(start, end, step)
    return tuple(parts)


def cut(
    made: Value, self: Array, dim: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Array:
    """The entries start..end of an axis."""
    return np.asarray(self[_between(self, dim, start, end, step)])


def slice_scatter(
    made: Value, self: Array, src: Array, dim: int = 0, start: Any = None, end: Any = None,
    step: int = 1,
) -> Array:  # fmt: skip
    """self with src in the place of `cut`."""
    whole = self.copy()
    whole[_between(self, dim, start, end, step)] = src
    return whole


def select_scatter(made: Value, self: Array, src: Array, dim: int, index: int) -> Array:
    """self with src in the place of one index of an axis."""
    whole = self.copy()
    whole[_between(self, dim, index, index + 1 or None, 1)] = np.expand_dims(src, dim)
    return whole


def scatter(
    made: Value, self: Array, dim: int, index: Array, src: Any = None, value: Any = None
) -> Array:
    """self with src or value at these indices of an axis."""
    whole = self.copy()
    source = value if src is None else src[tuple(slice(n) for n in index.shape)]
    np.put_along_axis(whole, index, source, dim)
    return whole


def index_of(made: Value, self: Array, indices: Sequence[Array | None]) -> Array:
    """self at arrays of indices; None leaves an axis as it is."""
    return np.asarray(self[tuple(slice(None) if i is None else i for i in indices)])


def pad(made: Value, self: Array, pad: Sequence[int], value: float = 0) -> Array:
    """Constant padding; pad names the last axis first. Negative padding cuts."""
    axes = [(0, 0)] * (self.ndim - len(pad) // 2)
    axes += list(zip(pad[::2], pad[1::2]))[::-1]
    wide = np.pad(self, [(max(a, 0), max(b, 0)) for a, b in axes], constant_values=value)
    inner = tuple(slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(axes, wide.shape))
    return wide[inner]


def linear(made: Value, input: Array, weight: Array, bias: Array | None = None) -> Array:
    """input weight^T + bias."""
    return np.asarray(_wide(input) @ _wide(weight).T + (0 if bias is None else bias))


def addmm(
    made: Value, self: Array, mat1: Array, mat2: Array, beta: float = 1, alpha: float = 1
) -> Array:
    """beta self + alpha mat1 mat2."""
    return np.asarray(beta * _wide(self) + alpha * (_wide(mat1) @ _wide(mat2)))


def attention(
    made: Value, query: Array, key: Array, value: Array, attn_mask: Array | None = None,
    dropout_p: float = 0, is_causal: bool = False, scale: float | None = None,
    enable_gqa: bool = False,
) -> Array:  # fmt: skip
    """softmax(Q K^T scale + mask) V; a truth value shows a key, a number is added to its score."""
    factor = query.shape[-1] ** -0.5 if scale is None else scale
    scores = (_wide(query) * factor) @ np.swapaxes(_wide(key), -1, -2)
    if is_causal:
        attn_mask = np.tri(*scores.shape[-2:], dtype=bool)
    if attn_mask is not None:
        truth = attn_mask.dtype == bool
        scores = np.where(attn_mask, scores, -np.inf) if truth else scores + attn_mask
    return np.asarray(softmax(made, scores, -1) @ _wide(value))


def batch_norm(
    made: Value, input: Array, weight: Array | None, bias: Array | None, running_mean: Array,
    running_var: Array, momentum: float, eps: float,
) -> Array:  # fmt: skip
    """(x - mean) / sqrt(variance + eps) weight + bias by channel, the axis 1."""

    def by_channel(x: Array) -> Array:
        return np.asarray(_wide(x).reshape(-1, *[1] * (input.ndim - 2)))

    normal = (_wide(input) - by_channel(running_mean)) / np.sqrt(by_channel(running_var) + eps)
    normal = normal if weight is None else normal * by_channel(weight)
    return np.asarray(normal if bias is None else normal + by_channel(bias))


def _standardised(x: Array, axes: tuple[int, ...], eps: float) -> Array:
    middle = x.mean(axes, keepdims=True)
    return np.asarray((x - middle) / np.sqrt(x.var(axes, keepdims=True) + eps))


def layer_norm(
    made: Value, input: Array, normalized_shape: Sequence[int], weight: Array | None,
    bias: Array | None, eps: float,
) -> Array:  # fmt: skip
    """Standardised over the last axes, times weight, plus bias."""
    normal = _standardised(_wide(input), tuple(range(-len(normalized_shape), 0)), eps)
    normal = normal if weight is None else normal * weight
    return np.asarray(normal if bias is None else normal + bias)


def group_norm(
    made: Value, input: Array, weight: Array | None, bias: Array | None, N: int, C: int,
    HxW: int, group: int, eps: float,
) -> Array:  # fmt: skip
    """Standardised over groups of channels, times weight, plus bias by channel."""
    normal = _standardised(_wide(input).reshape(N, group, -1), (2,), eps).reshape(N, C, -1)
    normal = normal if weight is None else normal * weight[:, None]
    shifted = normal if bias is None else normal + bias[:, None]
    return np.asarray(shifted.reshape(made.shape))


def norm(made: Value, self: Array, ord: float = 2, dim: Any = None, keepdim: bool = False) -> Array:
    """The norm of this order over axes: the ord-th root of the sum of powers."""
    if np.isinf(ord):
        extreme = np.max if ord > 0 else np.min
        return np.asarray(extreme(np.abs(_wide(self)), axis=_axes(dim), keepdims=keepdim))
    powers = np.abs(_wide(self)) ** ord
    return np.asarray(powers.sum(_axes(dim), keepdims=keepdim) ** (1 / ord))


OPS: dict[str, Operation] = {
    "abs": _unary(np.abs), "neg": _unary(np.negative), "sign": _unary(np.sign),
    "exp": _unary(np.exp), "expm1": _unary(np.expm1), "log": _unary(np.log),
    "log1p": _unary(np.log1p), "log2": _unary(np.log2), "sqrt": _unary(np.sqrt),
    "rsqrt": _unary(lambda x: 1 / np.sqrt(x)), "reciprocal": _unary(lambda x: 1 / x),
    "square": _unary(np.square), "sin": _unary(np.sin), "cos": _unary(np.cos),
    "tanh": _unary(np.tanh), "sigmoid": _unary(special.expit), "erf": _unary(special.erf),
    "silu": _unary(lambda x: x * special.expit(x)), "relu": _unary(lambda x: np.maximum(x, 0)),
    "floor": _unary(np.floor), "ceil": _unary(np.ceil), "trunc": _unary(np.trunc),
    "round": _unary(np.round), "isnan": _unary(np.isnan), "cast": _unary(np.asarray),
    "logical_not": _unary(np.logical_not), "reshape": _unary(np.asarray),
    "gelu": gelu, "elu": elu, "leaky_relu": leaky_relu, "clamp": clamp,
    "hardtanh": lambda made, self, min_val=-1, max_val=1: np.clip(self, min_val, max_val),
    "add": add, "sub": sub, "mul": _binary(np.multiply), "div": div, "pow": power,
    "maximum": _binary(np.maximum), "minimum": _binary(np.minimum), "hypot": _binary(np.hypot),
    "atan2": _binary(np.arctan2), "remainder": _binary(np.mod), "fmod": _binary(np.fmod),
    "eq": _binary(np.equal), "ne": _binary(np.not_equal), "lt": _binary(np.less),
    "le": _binary(np.less_equal), "gt": _binary(np.greater), "ge": _binary(np.greater_equal),
    "logical_and": _binary(np.logical_and), "logical_or": _binary(np.logical_or),
    "logical_xor": _binary(np.logical_xor),
    "where": lambda made, condition, self, other: np.where(condition, self, other),
    "sum": _reduce(np.sum), "mean": _reduce(np.mean), "prod": _reduce(np.prod),
    "amax": _reduce(np.max), "amin": _reduce(np.min), "any": _reduce(np.any),
    "all": _reduce(np.all), "max": _extreme(np.max, np.argmax), "min": _extreme(np.min, np.argmin),
    "argmax": _place(np.argmax), "argmin": _place(np.argmin), "var": var, "var_mean": var_mean,
    "norm": norm,
    "cumsum": lambda made, self, dim: np.cumsum(_wide(self), dim),
    "softmax": softmax, "log_softmax": log_softmax,
    "permute": lambda made, self, dims: np.transpose(self, dims),
    "expand": lambda made, self, size, implicit=False: np.broadcast_to(self, made.shape),
    "select": lambda made, self, dim, index: np.take(self, index, dim),
    "slice": cut, "split": split, "slice_scatter": slice_scatter,
    "select_scatter": select_scatter, "scatter": scatter, "index": index_of,
    "flip": lambda made, self, dims: np.flip(self, dims),
    "repeat": lambda made, self, repeats: np.tile(self, repeats),
    "copy": lambda made, self, src: np.broadcast_to(src, made.shape),
    "cat": lambda made, tensors, dim=0: np.concatenate(tensors, dim),
    "pad": pad, "embedding": lambda made, weight, indices, **_: weight[indices],
    "gather": lambda made, self, dim, index, sparse_grad: np.take_along_axis(self, index, dim),
    "index_select": lambda made, self, dim, index: np.take(self, index, dim),
    "mm": lambda made, self, mat2: _wide(self) @ _wide(mat2),
    "bmm": lambda made, self, mat2: _wide(self) @ _wide(mat2),
    "linear": linear, "addmm": addmm, "attention": attention, "batch_norm": batch_norm,
    "layer_norm": layer_norm, "group_norm": group_norm, "convolution": convolution,
    "max_pool2d": max_pool2d, "avg_pool2d": avg_pool2d,
    "adaptive_avg_pool2d": adaptive_avg_pool2d, "lstm": lstm,
}  # fmt: skip
"""What the player can compute, by the name that a tape gives it."""
