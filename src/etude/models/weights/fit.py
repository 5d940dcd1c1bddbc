"""Fit the weights of a file to other data: another image size, grey pictures, other classes.

D width · T tokens · C channels · p patch · K classes
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from etude.errors import UsageError
from etude.locale.texts import Sentence, text
from etude.models.weights.foreign import Foreign
from etude.shapes import Float

Numbers = tuple[float, ...]


def resample_positions(
    positions: Float[Tensor, "1 T D"], old: tuple[int, int], new: tuple[int, int]
) -> Float[Tensor, "1 S D"]:
    """Position embeddings for another grid (rows, columns) of patches; the row of the class token
    is kept.

    Bicubic interpolation with antialiasing, as timm's `resample_abs_pos_embed`; without it, which
    is what transformers does, smaller grids alias.
    """
    if old == new:
        return positions
    token, grid = positions[:, :1], positions[:, 1:]
    plane = grid.float().reshape(1, *old, -1).permute(0, 3, 1, 2)
    plane = F.interpolate(plane, size=new, mode="bicubic", antialias=True)
    return torch.cat((token, plane.permute(0, 2, 3, 1).flatten(1, 2).to(grid.dtype)), 1)


def grey_scale(mean: Numbers, std: Numbers) -> tuple[Numbers, Numbers]:
    """One mean and one standard deviation for grey pictures, from those of three channels."""
    return (sum(mean) / len(mean),), (sum(std) / len(std),)


def grey_kernel(
    kernel: Float[Tensor, "D C p p"], bias: Float[Tensor, " D"], mean: Numbers, std: Numbers
) -> tuple[Float[Tensor, "D 1 p p"], Float[Tensor, " D"]]:
    """The patch embedding that reads a grey picture as if all channels showed it.

    mean, std: by which the channels were normalised, () if all alike. The grey picture is
    normalised by `grey_scale`; the differences between the channels move into kernel and bias.
    """
    if len(set(zip(mean, std))) < 2:
        return kernel.sum(1, keepdim=True), bias
    (middle,), (spread,) = grey_scale(mean, std)
    wide = kernel.double()
    scale = torch.tensor(std, dtype=torch.float64)[:, None, None]
    shift = (middle - torch.tensor(mean, dtype=torch.float64)[:, None, None]) / scale
    moved = (wide * shift).sum((1, 2, 3))
    grey = (wide * (spread / scale)).sum(1, keepdim=True)
    return grey.to(kernel.dtype), (bias.double() + moved).to(bias.dtype)


def kept_head(
    source: Foreign, tensors: dict[str, Tensor], classes: Sequence[str], outputs: int
) -> tuple[dict[str, Tensor], Sentence]:
    """(weight and bias of the head in the order of these classes, what to say of it).

    Raises UsageError if the file's head answers something else.
    """
    why: Sentence = ""
    own = source.about.classes
    if not source.sizes.outputs:
        why = text("weights.head.none")
    elif "pre_logits" in source.dropped:
        why = text("weights.head.pre_logits")
    elif source.sizes.outputs != outputs:
        why = text("weights.head.count", own=source.sizes.outputs, count=outputs)
    elif own and classes and set(own) != set(classes):
        odd = tuple(sorted(set(own) ^ set(classes)))
        why = text("weights.head.classes", names=odd[:8])
    if why:
        raise UsageError(
            text("weights.head", path=source.stored.path, why=why), do=text("weights.head.do")
        )
    head = {name: tensors[name] for name in ("head.weight", "head.bias")}
    if not own or not classes:
        return head, text("weights.head.kept.unnamed", count=outputs)
    rows = torch.tensor([own.index(name) for name in classes])
    return {name: x[rows] for name, x in head.items()}, text("weights.head.kept", count=outputs)
