"""Convolution, batch norm and pooling along the steps of sequences that may be padded.

x [N L D] · valid [N L]: which steps are no padding; None where all sequences are whole

Values beyond a sequence's end are zero before and after each layer, which is also what a
convolution sees beyond the end of a whole sequence. So an output does not depend on how much
padding there is, nor on what else is in the batch.
"""

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional as F

from etude.shapes import Bool, Float, Int, Tensor


def valid_steps(lengths: Int[Tensor, " N"] | None, x: Float[Tensor, "N L D"]) -> Tensor | None:
    """Which steps of x are no padding: bool [N L], or None for sequences that are whole."""
    if lengths is None:
        return None
    return torch.arange(x.shape[1], device=x.device) < lengths.to(x.device)[:, None]


def hide(x: Float[Tensor, "N L D"], valid: Bool[Tensor, "N L"] | None) -> Float[Tensor, "N L D"]:
    """Zeros in the padding."""
    return x if valid is None else x.masked_fill(~valid[..., None], 0.0)


class StepConv(nn.Conv1d):
    """Conv1d on [N L D], with as many steps after as before: the kernel is odd."""

    def __init__(self, inputs: int, channels: int, kernel: int) -> None:
        super().__init__(inputs, channels, kernel, padding=kernel // 2)

    def forward(self, x: Float[Tensor, "N L D"]) -> Float[Tensor, "N L E"]:
        return super().forward(x.mT).mT


class StepNorm(nn.BatchNorm1d):
    """Batch norm by feature, over all valid steps of all sequences of the batch.

    Source: S. Ioffe, C. Szegedy, "Batch Normalization", 2015, section 3.2. Padding is left out of
    the means, for it would pull them to zero by a share that says nothing of the data.
    """

    def forward(
        self, x: Float[Tensor, "N L D"], valid: Bool[Tensor, "N L"] | None = None
    ) -> Float[Tensor, "N L D"]:
        if valid is None:
            return super().forward(x.flatten(0, 1)).view_as(x)
        if not self.training:  # the statistics are fixed, so that padding cannot spoil them
            return hide(super().forward(x.flatten(0, 1)).view_as(x), valid)
        rows = super().forward(x[valid])
        return torch.zeros_like(x, dtype=rows.dtype).masked_scatter(valid[..., None], rows)


def halve(
    x: Float[Tensor, "N L D"], lengths: Int[Tensor, " N"] | None
) -> tuple[Float[Tensor, "N M D"], Int[Tensor, " N"] | None]:
    """The larger of each two steps, and the lengths after that; M = (L + 1) // 2.

    A last step without a partner stays, so no sequence becomes empty. x must not be negative:
    zeros stand for the missing partner.
    """
    pairs = rearrange(F.pad(x, (0, 0, 0, x.shape[1] % 2)), "n (m pair) d -> n m pair d", pair=2)
    return pairs.amax(2), None if lengths is None else (lengths + 1) // 2


def summary(
    x: Float[Tensor, "N L D"], lengths: Int[Tensor, " N"] | None, parts: int
) -> Float[Tensor, "N E"]:
    """What a sequence comes to, whatever its length: E = (parts + 1) D.

    The mean of each of `parts` equal parts of its valid steps (neighbours share a step where they
    do not divide, as torch's AdaptiveAvgPool1d has it), then the largest value of all steps. x
    must not be negative.
    """
    largest = x.amax(1)
    if lengths is None:
        means = F.adaptive_avg_pool1d(x.mT, parts).mT
    else:
        steps = torch.arange(x.shape[1], device=x.device)
        count = lengths.to(x.device)[:, None]
        part = torch.arange(parts, device=x.device)
        first = part * count // parts
        last = ((part + 1) * count + parts - 1) // parts
        inside = (steps >= first[..., None]) & (steps < last[..., None])  # [N parts L]
        share = (inside / inside.sum(-1, keepdim=True)).to(x)
        means = torch.stack([(x * each[..., None]).sum(1) for each in share.unbind(1)], dim=1)
    return torch.cat((means.flatten(1), largest), dim=1)
