"""The notation for shapes, and the two types that pass data between packages: Batch and Spec.

    N batch · L length · Q input features · D output or model features · K layers · H heads
    d head width · C channels · P patches
    an image is [C H W] (with H, W its height and width), a sequence [L Q], a vector [D]

Shapes are written in signatures as jaxtyping strings; beartype checks them in test runs only.
"""

from dataclasses import dataclass
from math import prod
from typing import Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from etude.locale.texts import Text, render, text

__all__ = [
    "Batch",
    "Bool",
    "Float",
    "Int",
    "Kind",
    "Spec",
    "Target",
    "Tensor",
    "as_weights",
    "wide",
]

Kind = Literal["image", "sequence", "vector"]
Target = Literal["class", "value", "forecast"]


@dataclass(frozen=True)
class Spec:
    """What a model must know about the data: kind and shape of one sample, and the target.

    shape: image (C, H, W), sequence (L, Q) with L the longest length, vector (D,).
    outputs: number of classes, of values to predict, or of steps of a forecast. table: whether the
    numbers of a vector are the features of a table's columns. panel: whether samples are windows of
    the user's own series, scaled by themselves.
    """

    kind: Kind
    shape: tuple[int, ...]
    outputs: int
    target: Target = "class"
    table: bool = False
    panel: bool = False

    @property
    def size(self) -> int:
        """The number of values in one sample."""
        return prod(self.shape)

    @property
    def words(self) -> Text:
        """The kind and the shape for a sentence: "image [C H W] = [1 8 8]"."""
        return text(f"shapes.{self.kind}", shape=" ".join(map(str, self.shape)))

    def __str__(self) -> str:
        return render("en", self.words)


class Batch(NamedTuple):
    """Samples on the device, normalised and in the shape that the model reads.

    x: image [N C H W], sequence [N L Q] or vector [N D], float32.
    y: class [N] int64, or values [N D] float32 in normalised units.
    lengths: valid steps [N] of padded sequences, int64 on the CPU; None if none is padded.
    samples: indices of the samples in their split [N].
    weights: of the samples [N], at most 1 and not negative; None if all count alike.
    window: level and spread [N 2] of each window of a series, by which its value is scaled; None if
    it is not.
    """

    x: Float[Tensor, "N ..."]
    y: Tensor
    lengths: Int[Tensor, " N"] | None
    samples: np.ndarray
    weights: Float[Tensor, " N"] | None = None
    window: Float[Tensor, "N 2"] | None = None

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The arguments for the model: x, and lengths if there are any."""
        return (self.x,) if self.lengths is None else (self.x, self.lengths)


def as_weights(values: np.ndarray, device: torch.device) -> Float[Tensor, " N"]:
    """Weights [N] on a device, in float64 where it has that type."""
    exact = torch.float32 if device.type == "mps" else torch.float64
    return torch.tensor(values, dtype=exact, device=device)


def wide(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """x in fp32 or wider, for losses and metrics."""
    # float64 stays float64, so that the checks of gradients can run in it.
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
