"""Dropout of single units, with a faster mask on a CPU, and of whole feature maps, with a check of
the shape.

On a CPU torch draws one random number per unit, which takes a quarter of an MLP's step. Here one
64-bit number decides four units with 16 bits each, in a fifth of the time; the dropout probability
is exact to within 1/65536.
"""

import torch
from torch import nn
from torch.nn import functional as F

from etude.errors import InvalidValue
from etude.locale.texts import text
from etude.shapes import Float, Tensor


def scaled_mask(x: Float[Tensor, "..."], p: float) -> Float[Tensor, "..."]:
    """A factor for each unit of x on a CPU: 0 with probability p, else 1 / (1 - p)."""
    count = x.numel()
    # random_ from -2**63 without an upper end covers all 64 bits; its default range has only 63.
    bits = torch.empty(-(-count // 4), dtype=torch.int64).random_(-(2**63), None)
    # At most 65535, so that a p close to 1 does not divide by zero below.
    below = min(round(p * 65536), 65535)
    # Rounded up to whole draws above, so the last one may have up to three words too many.
    words = bits.view(torch.int16)[:count].view(x.shape)
    # The result of the comparison goes straight into floats; with booleans in between it takes
    # three times as long. int16 starts at -32768, hence the offset.
    mask = torch.ge(words, below - 32768, out=torch.empty(x.shape, dtype=x.dtype))
    # Scaled by the probability after rounding to 1/65536, so that the expectation is exact.
    return mask.mul_(65536 / (65536 - below))


def dropout(x: Float[Tensor, "..."], p: float) -> Float[Tensor, "..."]:
    """x with each unit zeroed with probability p, the others scaled by 1 / (1 - p).

    On a GPU and in compiled code this is torch's own dropout. Source: N. Srivastava et al.,
    "Dropout", 2014.
    """
    # p = 0 draws nothing, so a network without dropout does not use the random stream.
    if p == 0:
        return x
    # A GPU draws in parallel, and the compiler fuses torch's dropout with its neighbours.
    if x.device.type != "cpu" or torch.compiler.is_compiling():
        return F.dropout(x, p)
    return x * scaled_mask(x, p)


class Dropout(nn.Dropout):
    """nn.Dropout with the faster mask: zeroes each unit with probability p in training."""

    def forward(self, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """x after dropout in training, x itself in eval mode."""
        return dropout(x, self.p) if self.training else x


class Dropout2d(nn.Dropout2d):
    """Zeroes each channel of each sample with probability p in training.

    Source: J. Tompson et al., "Efficient Object Localization Using Convolutional Networks", 2015,
    section 3.2. Raises ValueError for anything but [N C H W].
    """

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C H W"]:
        """x with whole channels zeroed in training, x itself in eval mode."""
        # torch's layer accepts [N C], where it is plain dropout, and [N L D], where it drops whole
        # time steps, without an error; the notes use it so in an MLP.
        if x.ndim != 4:
            raise InvalidValue(text("layer.dropout2d", axes=x.ndim, shape=tuple(x.shape)))
        return super().forward(x)
