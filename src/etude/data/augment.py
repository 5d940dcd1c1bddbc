"""Augmentation: small random changes to training samples, a batch at a time.

Randomness is a function: the change of a sample depends on the key (made from seed and epoch) and
on the sample's number, never on the other samples of its batch. Operations read normalised samples,
so 0 is the mean. Each operation draws from its own random stream.

    image    [N C H W]  flip, translate, affine, erase, noise
    sequence [N L Q]    jitter, scale, time-mask, noise
    vector   [N D]      jitter, scale, noise
"""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional as F

from etude.errors import UsageError
from etude.locale.texts import text
from etude.shapes import Float, Tensor

FITS = {
    4: ("image", ("flip", "translate", "affine", "erase", "noise")),
    3: ("sequence", ("jitter", "scale", "time-mask", "noise")),
    2: ("vector", ("jitter", "scale", "noise")),
}
Draw = Callable[[int], np.ndarray]
Op = Callable[[Tensor, Draw], Tensor]


def augment(
    x: Float[Tensor, "N ..."], ops: tuple[str, ...], key: int, samples: np.ndarray
) -> Float[Tensor, "N ..."]:
    """x [N ...] after all operations, in order. samples: the numbers of the samples [N].

    Raises UsageError for an operation that does not fit samples of this kind.
    """
    require(x.ndim, ops)
    for place, name in enumerate(ops):

        def draw(count: int, stream: int = place) -> np.ndarray:
            return uniform(key, samples, stream, count)

        x = OPS[name](x, draw)
    return x


def require(ndim: int, ops: tuple[str, ...]) -> None:
    """Raise UsageError if an operation does not fit batches with `ndim` axes."""
    kind, fitting = FITS[ndim]
    wrong = [name for name in ops if name not in fitting]
    if wrong:
        raise UsageError(
            text("data.augment.unfit", names=wrong, count=len(wrong), kind=kind),
            do=text("data.augment.unfit.do", names=fitting),
        )


def uniform(key: int, samples: np.ndarray, stream: int, count: int) -> np.ndarray:
    """[N count] float64 in [0, 1): a hash of (key, sample, stream, column)."""
    head = _mix(np.array([key & (2**64 - 1)], np.uint64))
    head = _mix(head ^ np.uint64(stream + 1))
    rows = _mix(head ^ samples.astype(np.uint64))
    # Multiples of an odd constant, as the states of splitmix64: modulo 2^64 all are different.
    columns = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    # The upper 53 of 64 bits, which a float64 holds exactly; rounding more bits could give 1.
    return np.asarray((_mix(rows[:, None] + columns) >> np.uint64(11)) * 2.0**-53)


def _mix(z: np.ndarray) -> np.ndarray:
    """One step of splitmix64, a generator that passes statistical tests (Steele et al., 2014)."""
    z = z + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


def _on(x: Tensor, values: np.ndarray) -> Tensor:
    """Values on x's device; floats in x's dtype."""
    tensor = torch.from_numpy(values).to(x.device)
    return tensor.to(x.dtype) if tensor.is_floating_point() else tensor


def _normal(x: Tensor, draw: Draw) -> Tensor:
    """Normal numbers with the shape of x [N ...], two from each pair of uniforms (Box-Muller)."""
    count = x[0].numel()
    half = (count + 1) // 2
    u = draw(2 * half)
    # log1p(-u), not log(u): u can be 0 but is never 1.
    radius, angle = np.sqrt(-2 * np.log1p(-u[:, :half])), 2 * np.pi * u[:, half:]
    both = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], 1)
    return _on(x, both[:, :count]).reshape(x.shape)


def noise(x: Tensor, draw: Draw) -> Tensor:
    """Add normal noise with a standard deviation of 0.1 to every number."""
    return x + 0.1 * _normal(x, draw)


def jitter(x: Tensor, draw: Draw) -> Tensor:
    """Add normal noise with a standard deviation of 0.05 to every number."""
    return x + 0.05 * _normal(x, draw)


def scale(x: Tensor, draw: Draw) -> Tensor:
    """Multiply each feature of a sample by its own factor from 0.9 to 1.1."""
    factors = 0.9 + 0.2 * _on(x, draw(x.shape[-1]))
    return x * (factors[:, None] if x.ndim == 3 else factors)


def time_mask(x: Tensor, draw: Draw) -> Tensor:
    """Set 1 to L/8 consecutive steps to 0."""
    length, u = x.shape[1], draw(2)
    long = 1 + np.floor(u[:, :1] * max(1, length // 8))
    start = np.floor(u[:, 1:] * (length - long + 1))
    steps = np.arange(length)
    hidden = _on(x, (steps >= start) & (steps < start + long))
    return x.masked_fill(hidden[..., None], 0.0)


def flip(x: Tensor, draw: Draw) -> Tensor:
    """Mirror an image left to right, with probability 0.5."""
    chosen = _on(x, draw(1)[:, 0] < 0.5)
    return torch.where(chosen[:, None, None, None], x.flip(-1), x)


def shifts(u: np.ndarray, sides: tuple[int, int]) -> np.ndarray:
    """Uniforms [N 2] to shifts (down, right) [N 2] in pixels, up to an eighth of each side."""
    most = np.maximum(1, np.array(sides) // 8)
    # floor gives each of the 2 most + 1 shifts the same probability; rounding would halve that of
    # the first and the last.
    return np.asarray(np.floor(u * (2 * most + 1)).astype(np.int64) - most)


def translate(x: Tensor, draw: Draw) -> Tensor:
    """Shift an image by whole pixels, up to an eighth of each side; the border is repeated."""
    height, width = x.shape[2:]
    moved = shifts(draw(2), (height, width))
    rows = _on(x, np.clip(np.arange(height) - moved[:, :1], 0, height - 1))
    columns = _on(x, np.clip(np.arange(width) - moved[:, 1:], 0, width - 1))
    # One gather from the flat image: two axes indexed at once take four times as long on a CPU.
    where = (rows[:, :, None] * width + columns[:, None, :]).flatten(1)[:, None]
    return x.flatten(2).gather(2, where.expand(-1, x.shape[1], -1)).view(x.shape)


def affinities(u: np.ndarray) -> np.ndarray:
    """Uniforms [N 3] to matrices [N 2 2] that map a position (x, y) in the new image to one in the
    old image: rotation by up to 15 degrees, scaling by 0.9 to 1.1, shear by up to 0.1.
    """
    angle, size, shear = (u * 2 - 1).T * np.array([[np.pi / 12], [0.1], [0.1]])
    # The inverse of the scale: the matrix leads from the new image to the old one.
    cos, sin, zoom = np.cos(angle), np.sin(angle), 1 / (1 + size)
    return np.stack(
        [
            np.stack([cos * zoom, (cos * shear + sin) * zoom], -1),
            np.stack([-sin * zoom, (cos - sin * shear) * zoom], -1),
        ],
        1,
    )


def warp(x: Tensor, matrices: np.ndarray) -> Tensor:
    """Images [N C H W] sampled bilinearly at the positions that matrices [N 2 2] give, relative to
    the centre; the border is repeated."""
    height, width = x.shape[2:]
    # Spelled out, because a batched matrix product may round differently with its batch.
    m = _on(x, matrices)[:, :, :, None, None]
    down = (torch.arange(height, device=x.device, dtype=x.dtype) - (height - 1) / 2)[:, None]
    right = (torch.arange(width, device=x.device, dtype=x.dtype) - (width - 1) / 2)[None, :]
    # grid_sample measures in half sides from the centre: pixel i of n is at (2 i + 1) / n - 1.
    old_x = (m[:, 0, 0] * right + m[:, 0, 1] * down) * (2 / width)
    old_y = (m[:, 1, 0] * right + m[:, 1, 1] * down) * (2 / height)
    grid = torch.stack([old_x, old_y], -1)
    return F.grid_sample(x, grid, "bilinear", "border", align_corners=False)


def affine(x: Tensor, draw: Draw) -> Tensor:
    """Rotate, scale and shear an image slightly."""
    return warp(x, affinities(draw(3)))


def erase(x: Tensor, draw: Draw) -> Tensor:
    """Set a rectangle of an eighth to a half of each side to 0, with probability 0.5."""
    u = draw(5)
    masks = []
    for side, size, place in (
        (x.shape[2], u[:, 1:2], u[:, 2:3]),
        (x.shape[3], u[:, 3:4], u[:, 4:]),
    ):
        least, most = max(1, side // 8), max(1, side // 2)
        long = least + np.floor(size * (most - least + 1))
        start = np.floor(place * (side - long + 1))
        steps = np.arange(side)
        masks.append((steps >= start) & (steps < start + long))
    hidden = masks[0][:, :, None] & masks[1][:, None, :] & (u[:, :1, None] < 0.5)
    return x.masked_fill(_on(x, hidden)[:, None], 0.0)


OPS: dict[str, Op] = {
    "flip": flip,
    "translate": translate,
    "affine": affine,
    "erase": erase,
    "noise": noise,
    "jitter": jitter,
    "scale": scale,
    "time-mask": time_mask,
}
