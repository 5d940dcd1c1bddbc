"""Convolution and pooling of a tape in NumPy, over one or two axes; see `ops`."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from etude.exporters.tapes.form import Value

Array = np.ndarray
Sides = Sequence[int]


def convolution(
    made: Value, input: Array, weight: Array, bias: Array | None, stride: Sides, padding: Sides,
    dilation: Sides, transposed: bool, output_padding: Sides, groups: int,
) -> Array:  # fmt: skip
    """Cross-correlation of [N C *sides] with [E C/groups *kernel], or its transpose."""
    x, kernel = input.astype(np.float64), weight.astype(np.float64)
    if transposed:
        # Zeros between the inputs, then the flipped kernel with its channels swapped.
        x = _spread(x, stride, output_padding)
        flipped = np.flip(kernel, tuple(range(2, kernel.ndim)))
        parts = np.split(flipped, groups)
        kernel = np.concatenate([np.swapaxes(part, 0, 1) for part in parts])
        sides = zip(dilation, kernel.shape[2:], padding)
        stride, padding = [1] * len(stride), [d * (k - 1) - p for d, k, p in sides]
    windows = _windows(x, kernel.shape[2:], stride, padding, dilation, 0.0)
    n, _, *rest = windows.shape
    axes = len(kernel.shape) - 2
    columns = windows.reshape(n, groups, -1, *rest)
    rows = kernel.reshape(groups, -1, *kernel.shape[1:])
    letters, sides_ = "yz"[:axes], "hw"[:axes]
    pattern = f"ngc{sides_}{letters},gec{letters}->nge{sides_}"
    out = np.einsum(pattern, columns, rows, optimize=True).reshape(made.shape)
    return np.asarray(out if bias is None else out + bias.reshape(-1, *[1] * axes))


def _spread(x: Array, stride: Sides, more: Sides) -> Array:
    """x with zeros between its entries, and more of them behind."""
    sides = [(n - 1) * s + 1 + m for n, s, m in zip(x.shape[2:], stride, more)]
    wide = np.zeros((*x.shape[:2], *sides))
    places: list[Any] = [slice(0, (n - 1) * s + 1, s) for n, s in zip(x.shape[2:], stride)]
    wide[(..., *places)] = x
    return wide


def _windows(
    x: Array, kernel: Sides, stride: Sides, padding: Sides, dilation: Sides, fill: float
) -> Array:
    """The values under a kernel at each of its places: [N C *places *kernel]."""
    sides = [(0, 0), (0, 0), *((p, p) for p in padding)]
    wide = np.pad(x, sides, constant_values=fill)
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel)]
    axes = tuple(range(2, x.ndim))
    every = np.lib.stride_tricks.sliding_window_view(wide, reach, axes)
    steps = [slice(None, None, s) for s in stride]
    return np.asarray(
        every[(slice(None), slice(None), *steps, *(slice(None, None, d) for d in dilation))]
    )


def max_pool2d(
    made: Value, self: Array, kernel_size: Sides, stride: Sides = (), padding: Sides = (0, 0),
    dilation: Sides = (1, 1), ceil_mode: bool = False,
) -> tuple[Array, None]:  # fmt: skip
    """The largest value of each window; the places are not computed."""
    steps = stride or kernel_size
    wide = _ceiled(self, made, kernel_size, steps, padding)
    kernel, gaps = _pair(kernel_size), _pair(dilation)
    every = _windows(wide, kernel, _pair(steps), _pair(padding), gaps, -np.inf)
    return every.max((-1, -2))[..., : made.shape[-2], : made.shape[-1]], None


def _ceiled(x: Array, made: Value, kernel: Sides, stride: Sides, padding: Sides) -> Array:
    """x with room behind for the last windows of `ceil_mode`, which look beyond the end."""
    x = x.astype(np.float64)
    room = [
        max(0, (out - 1) * s + k - (n + 2 * p))
        for out, s, k, n, p in zip(
            made.shape[-2:], *map(_pair, (stride, kernel)), x.shape[-2:], _pair(padding)
        )
    ]
    return np.pad(x, [(0, 0)] * (x.ndim - 2) + [(0, r) for r in room], constant_values=-np.inf)


def _pair(sides: Sides) -> Sides:
    return sides if len(sides) == 2 else (sides[0], sides[0])


def avg_pool2d(
    made: Value, self: Array, kernel_size: Sides, stride: Sides = (), padding: Sides = (0, 0),
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int | None = None,
) -> Array:  # fmt: skip
    """The mean of each window, with or without the zeros of the padding in the count."""
    kernel, steps, sides = _pair(kernel_size), _pair(stride or kernel_size), _pair(padding)
    ones = np.ones(self.shape)
    if count_include_pad:
        ones = np.pad(ones, [(0, 0)] * (self.ndim - 2) + [(p, p) for p in sides], constant_values=1)
    total = _windows(self.astype(np.float64), kernel, steps, sides, (1, 1), 0.0).sum((-1, -2))
    inner = (0, 0) if count_include_pad else sides
    count = _windows(ones, kernel, steps, inner, (1, 1), 0.0).sum((-1, -2))
    return np.asarray(total / (divisor_override or count))


def adaptive_avg_pool2d(made: Value, self: Array, output_size: Sides) -> Array:
    """The means of a grid of parts; the parts share entries if they do not divide the sides."""
    result = np.empty(made.shape)
    *_, height, width = self.shape
    rows, columns = output_size
    for i, j in product(range(rows), range(columns)):
        top, bottom = i * height // rows, -(-(i + 1) * height // rows)
        left, right = j * width // columns, -(-(j + 1) * width // columns)
        part = self[..., top:bottom, left:right].astype(np.float64)
        result[..., i, j] = part.mean((-1, -2))
    return result
