"""Patch embedding: an image is cut into square patches, and each becomes a token.

N batch · C channels · h, w patches down and across · p patch side · P = h·w patches · D width
A patch is flattened in the order (C p p) of a convolution kernel, so `proj` can load the weights of
timm's convolution unchanged.
"""

from einops import rearrange
from torch import nn
from torch.nn import functional as F

from etude.errors import InvalidValue
from etude.locale.texts import Text, text
from etude.shapes import Float, Tensor


def cut(x: Float[Tensor, "N C H W"], patch: int) -> Float[Tensor, "N P cpp"]:
    """Patches row by row, each flattened as (C p p). Raises ValueError if the patch side does not
    divide height and width."""
    height, width = x.shape[-2:]
    if height % patch or width % patch:
        raise InvalidValue(misfit(height, width, patch))
    return rearrange(x, "n c (h p1) (w p2) -> n (h w) (c p1 p2)", p1=patch, p2=patch)


def misfit(height: int, width: int, patch: int) -> Text:
    """The error for a patch that does not divide an image, with the sizes that do."""
    # Every common divisor, and the next smaller images: either may be the user's to choose.
    fit = [p for p in range(1, min(height, width) + 1) if height % p == 0 and width % p == 0]
    sizes = [max(1, side // patch) * patch for side in (height, width)]
    return text(
        "layer.patches", patch=patch, height=height, width=width, fit=fit,
        fit_height=sizes[0], fit_width=sizes[1],
    )  # fmt: skip


class PatchEmbedding(nn.Module):
    """Maps each patch of an image to a token by one linear map.

    Source: Dosovitskiy et al., 2021, equation 1.
    """

    def __init__(self, channels: int, patch: int, d_model: int) -> None:
        super().__init__()
        self.patch = patch
        # A Conv2d only for the shape and name of its weights in timm's checkpoints. forward uses a
        # matrix product on patches; a test checks that it equals the convolution.
        self.proj = nn.Conv2d(channels, d_model, kernel_size=patch, stride=patch)

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N P D"]:
        """The tokens [N P D]. Raises ValueError if the patch does not divide the image."""
        return F.linear(cut(x, self.patch), self.proj.weight.flatten(1), self.proj.bias)
