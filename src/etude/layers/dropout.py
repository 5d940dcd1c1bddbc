"""Dropout of whole feature maps, refusing what it does not mean.

torch's Dropout2d takes [N C] (where it is plain dropout) and [N L D] (where it drops whole time
steps) without an error; the notes use it so in an MLP. Here vectors take nn.Dropout.
"""

from torch import nn

from etude.shapes import Float, Tensor


class Dropout2d(nn.Dropout2d):
    """Zero each channel of each sample with probability p, in training.

    Source: J. Tompson et al., "Efficient Object Localization Using Convolutional Networks", 2015,
    section 3.2. Raises ValueError for anything but [N C H W].
    """

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C H W"]:
        if x.ndim != 4:
            raise ValueError(
                f"Dropout2d drops channels of [N C H W]; this has {x.ndim} axes "
                f"{tuple(x.shape)}. For vectors and sequences use nn.Dropout."
            )
        return super().forward(x)
