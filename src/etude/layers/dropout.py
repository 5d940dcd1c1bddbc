"""Dropout: of single units, quickly; of whole feature maps, refusing what it does not mean.

torch draws a mask on a CPU by one number of its generator for each unit, which takes a quarter of
an MLP's step. Here one draw of 64 bits decides for four units, each by 16 bits, in a fifth of the
time; the share p is kept to within 1/65536.
"""

import torch
from torch import nn
from torch.nn import functional as F

from etude.shapes import Float, Tensor


def kept(x: Float[Tensor, "..."], p: float) -> Float[Tensor, "..."]:
    """What each unit of x is multiplied with: 0 with probability p, else 1 / (1 - p). On a CPU."""
    count = x.numel()
    bits = torch.empty(-(-count // 4), dtype=torch.int64).random_(-(2**63), None)
    below = min(round(p * 65536), 65535)
    words = bits.view(torch.int16)[:count].view(x.shape)
    # Straight into floats: comparing to booleans first takes three times as long.
    mask = torch.ge(words, below - 32768, out=torch.empty(x.shape, dtype=x.dtype))
    return mask.mul_(65536 / (65536 - below))


def dropout(x: Float[Tensor, "..."], p: float) -> Float[Tensor, "..."]:
    """x with a share p of its units set to zero, the others scaled so that the mean stays.

    Source: N. Srivastava et al., "Dropout", 2014. torch's own kernel on a GPU and when compiled.
    """
    if p == 0:
        return x
    if x.device.type != "cpu" or torch.compiler.is_compiling():
        return F.dropout(x, p)
    return x * kept(x, p)


class Dropout(nn.Dropout):
    """Zero each unit with probability p, in training."""

    def forward(self, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        return dropout(x, self.p) if self.training else x


class Dropout2d(nn.Dropout2d):
    """Zero each channel of each sample with probability p, in training.

    torch's takes [N C] (where it is plain dropout) and [N L D] (where it drops whole time steps)
    without an error; the notes use it so in an MLP. Source: J. Tompson et al., "Efficient Object
    Localization Using Convolutional Networks", 2015, section 3.2. Raises ValueError for anything
    but [N C H W].
    """

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C H W"]:
        if x.ndim != 4:
            raise ValueError(
                f"Dropout2d drops channels of [N C H W]; this has {x.ndim} axes "
                f"{tuple(x.shape)}. For vectors and sequences use Dropout."
            )
        return super().forward(x)
