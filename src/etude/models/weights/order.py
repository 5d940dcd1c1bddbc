"""The order of the numbers in a patch embedding, as the numbers themselves show it.

A kernel of a network that was trained on pictures is smooth: neighbouring pixels have similar
weights. The same numbers in another order are not. Random weights do not show their order.

    D width · C channels · p patch
"""

from math import isqrt

from torch import Tensor

from etude.shapes import Float

SMOOTHER, SMOOTH = 1.5, 0.8
"""How many times smoother the kernel must be in one order than in the other, and how rough at most:
1 is the roughness of independent numbers."""


def as_ppc(kernel: Float[Tensor, "D C p p"]) -> Float[Tensor, "D C p p"]:
    """A kernel whose numbers are in the order (p p C), in the right order."""
    width, channels, patch, _ = kernel.shape
    return kernel.reshape(width, patch, patch, channels).permute(0, 3, 1, 2)


def roughness(kernel: Float[Tensor, "D C p p"]) -> float:
    """The mean squared difference of neighbours, relative to that of independent numbers of the
    same variance: 0 for constant kernels, 1 for noise."""
    wide = kernel.double()
    down = (wide[..., 1:, :] - wide[..., :-1, :]).square().mean()
    across = (wide[..., 1:] - wide[..., :-1]).square().mean()
    variance = wide.var()
    return float((down + across) / (4 * variance)) if variance > 0 else 0.0


def smoother(kernel: Float[Tensor, "D C p p"], other: Float[Tensor, "D C p p"]) -> bool:
    """Whether a kernel is clearly smoother than the same numbers in another order."""
    return roughness(kernel) < SMOOTH and roughness(kernel) * SMOOTHER < roughness(other)


def unflattened(flat: Float[Tensor, "D n"], patch: int) -> tuple[Tensor, str] | None:
    """(kernel [D C p p], its order in the matrix) of a patch embedding that is stored as a matrix.

    patch: its side if it is known, else 0. None if the numbers do not show the order.
    """
    for channels in (3, 1):
        side = patch or isqrt(flat.shape[1] // channels)
        if side * side * channels != flat.shape[1]:
            continue
        kernel = flat.reshape(-1, channels, side, side)
        if channels == 1 or side == 1:
            return kernel, "c p p"  # both orders are the same
        other = as_ppc(kernel)
        if smoother(kernel, other):
            return kernel, "c p p"
        return (other, "p p c") if smoother(other, kernel) else None
    return None
