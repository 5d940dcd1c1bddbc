"""The notation of the house, and the two things that carry it from room to room.

    N batch · L length · Q input features · D output or model features · K layers · H heads
    d head width · C channels · P patches
    an image is [C H W] (H, W its sides, where no heads are about), a sequence [L Q], a vector [D]

Shapes stand in signatures as jaxtyping strings; they are checked by beartype in test runs only.
"""

from dataclasses import dataclass
from math import prod
from typing import Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

__all__ = ["Batch", "Bool", "Float", "Int", "Kind", "Spec", "Target", "Tensor", "wide"]

Kind = Literal["image", "sequence", "vector"]
Target = Literal["class", "value", "forecast"]


@dataclass(frozen=True)
class Spec:
    """What a model must know of the data: the kind and shape of one sample, and what is asked.

    shape: image (C, H, W), sequence (L, Q) with L the longest, vector (D,).
    outputs: classes, values to predict, or steps of a forecast.
    """

    kind: Kind
    shape: tuple[int, ...]
    outputs: int
    target: Target = "class"

    @property
    def size(self) -> int:
        """Numbers in one sample."""
        return prod(self.shape)

    def __str__(self) -> str:
        letters = {"image": "C H W", "sequence": "L Q", "vector": "D"}[self.kind]
        return f"{self.kind} [{letters}] = [{' '.join(map(str, self.shape))}]"


class Batch(NamedTuple):
    """Samples on the device, normalised and in the view that the model reads.

    x: image [N C H W], sequence [N L Q] or vector [N D], float32.
    y: class [N] int64, or values [N D] float32 in normalised units.
    lengths: valid steps [N] of padded sequences, int64 on the CPU; None when all are whole.
    samples: which samples of the split these are [N].
    """

    x: Float[Tensor, "N ..."]
    y: Tensor
    lengths: Int[Tensor, " N"] | None
    samples: np.ndarray

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What the model is called with: x, and the lengths where there are any."""
        return (self.x,) if self.lengths is None else (self.x, self.lengths)


def wide(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """In fp32 at the least: what losses and metrics are computed in."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
