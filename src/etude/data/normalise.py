"""Normalisation of raw values by channel or feature, as modules that can be exported.

    raw values -> subtract origin (exact) -> log (if asked) -> subtract mean, divide by std
    -> float32

Centring and scaling use float64, so a feature may have any unit and any offset: a standard
deviation of 1e-9, a time stamp of 1e9. The origin is one of the values and is subtracted first. The
difference of two near numbers is exact, but a mean is rounded to the precision of the offset, and
64-bit integers have more digits than float64. uint8 and float32 need no origin.
"""

import numpy as np
import torch
from torch import nn

from etude.shapes import Float, Tensor

Numbers = tuple[float, ...]
Origin = tuple[int | float, ...]
Axes = tuple[int, ...]
"""The shape of one number per channel or feature, with -1 for their count; it broadcasts against
the values."""

LONG = (torch.int64, torch.uint64)


def as_tensor(x: np.ndarray) -> Tensor:
    """x as a tensor, without a copy if possible."""
    # torch takes no negative strides, and warns of arrays that cannot be written to.
    usable = x.flags.writeable and min(x.strides) >= 0
    return torch.from_numpy(x if usable else x.copy())


class Centre(nn.Module):
    """x minus its origin by channel or feature, as float64; exact if the difference has at most 53
    bits."""

    origin: Tensor | None
    bits: Tensor | None

    def __init__(self, origin: Origin, axes: Axes) -> None:
        super().__init__()
        start = bits = None
        if origin:
            start = torch.tensor(list(map(float, origin)), dtype=torch.float64).view(axes)
        if origin and all(isinstance(number, int) for number in origin):
            # Differences modulo 2**64, read as signed, are right for signed and unsigned alike.
            whole = np.array([int(number) % 2**64 for number in origin], np.uint64)
            bits = torch.from_numpy(whole.view(np.int64)).view(axes)
        self.register_buffer("origin", start)
        self.register_buffer("bits", bits)

    def forward(self, x: Tensor) -> Tensor:
        if self.origin is None:
            return x.double()
        if self.bits is not None and x.dtype in LONG:
            # ONNX has no view as another type; its conversion keeps the same bits.
            bits = x.long() if torch.compiler.is_exporting() else x.view(torch.int64)
            return bits.sub(self.bits).double()
        return x.double().sub(self.origin)


class Normalise(nn.Module):
    """Raw values of any number type, in images [N C H W], sequences [N L Q] or vectors [N D], as
    float32 of the same shape: (log(x - origin) - mean) / std, by channel or feature.

    bytes_in_float32: whether uint8 values are scaled in float32, which is exact enough for them and
    needs no float64 on the device; a logarithm does. A module that reads nothing but such bytes may
    be moved to float32. Numbers too large for float32 become infinite.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, origin: Origin, mean: Numbers, std: Numbers, log: bool, axes: Axes) -> None:
        super().__init__()
        self.centre = Centre(origin, axes)
        self.log = log
        self.bytes_in_float32 = not log and not origin
        for name, numbers in (("mean", mean), ("std", std)):
            self.register_buffer(name, torch.tensor(numbers, dtype=torch.float64).view(axes))

    def forward(self, x: Tensor) -> Float[Tensor, "N ..."]:
        if x.dtype == torch.uint8 and self.bytes_in_float32:
            # In place without harm: float() of bytes is always a new tensor.
            return x.float().sub_(self.mean.float()).div_(self.std.float())
        values = self.centre(x)
        if self.log:
            values = values.log()
        # The first step is not in place: values that were float64 can still be the caller's tensor.
        return values.sub(self.mean).div_(self.std).float()  # type: ignore[no-any-return]
