"""Convolution, batch norm and pooling over the steps of sequences that may be padded.

x [N L D] · valid [N L]: False at padded steps; None if no sequence is padded

Values beyond the end of a sequence are zero before and after each layer, which is also what a
convolution's own padding supplies beyond step L. So a prediction does not depend on the amount of
padding, and in eval mode not on the rest of the batch.
"""

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional as F

from etude.shapes import Bool, Float, Int, Tensor


def valid_steps(lengths: Int[Tensor, " N"] | None, x: Float[Tensor, "N L D"]) -> Tensor | None:
    """The steps of x that are not padding: bool [N L], or None without lengths."""
    if lengths is None:
        return None
    return torch.arange(x.shape[1], device=x.device) < lengths.to(x.device)[:, None]


def hide(x: Float[Tensor, "N L D"], valid: Bool[Tensor, "N L"] | None) -> Float[Tensor, "N L D"]:
    """x with zeros at padded steps."""
    return x if valid is None else x.masked_fill(~valid[..., None], 0.0)


class StepConv(nn.Conv1d):
    """Conv1d on [N L D] with L output steps; the kernel size must be odd."""

    def __init__(self, inputs: int, channels: int, kernel: int) -> None:
        # kernel // 2 on each side keeps L steps only for an odd kernel.
        super().__init__(inputs, channels, kernel, padding=kernel // 2)

    def forward(self, x: Float[Tensor, "N L D"]) -> Float[Tensor, "N L E"]:
        """The convolution over the steps, [N L E]."""
        # torch's Conv1d wants channels before steps; every other layer here has steps first.
        return super().forward(x.mT).mT


class StepNorm(nn.BatchNorm1d):
    """Batch norm per feature, over all valid steps of all sequences of the batch.

    Source: S. Ioffe, C. Szegedy, "Batch Normalization", 2015, section 3.2.
    """

    def forward(
        self, x: Float[Tensor, "N L D"], valid: Bool[Tensor, "N L"] | None = None
    ) -> Float[Tensor, "N L D"]:
        """x normalised per feature, [N L D], with zeros at padded steps."""
        if valid is None:
            return super().forward(x.flatten(0, 1)).view_as(x)
        if not self.training:  # running statistics are used, so padded steps cannot affect them
            return hide(super().forward(x.flatten(0, 1)).view_as(x), valid)
        # Only valid steps enter the statistics: the zeros of the padding would pull the mean
        # towards zero by an amount that depends on how the batch was padded.
        rows = super().forward(x[valid])
        return torch.zeros_like(x, dtype=rows.dtype).masked_scatter(valid[..., None], rows)


def halve(
    x: Float[Tensor, "N L D"], lengths: Int[Tensor, " N"] | None
) -> tuple[Float[Tensor, "N M D"], Int[Tensor, " N"] | None]:
    """Max-pooling over pairs of steps, and the new lengths; M = (L + 1) // 2.

    If the number of steps is odd, the last one is kept, so no sequence becomes empty. x must not be
    negative.
    """
    halved = None if lengths is None else (lengths + 1) // 2
    if torch.compiler.is_exporting():
        # The same numbers, without a division of the steps that would fix their number.
        first = 2 * torch.arange((x.shape[1] + 1) // 2, device=x.device)
        x = F.pad(x, (0, 0, 0, 1))
        return torch.maximum(x.index_select(1, first), x.index_select(1, first + 1)), halved
    # The missing partner of the last step is filled with 0, which is no larger than any value after
    # a ReLU; the same holds for the zeros at padded steps.
    pairs = rearrange(F.pad(x, (0, 0, 0, x.shape[1] % 2)), "n (m pair) d -> n m pair d", pair=2)
    return pairs.amax(2), halved


def summary(
    x: Float[Tensor, "N L D"], lengths: Int[Tensor, " N"] | None, parts: int
) -> Float[Tensor, "N E"]:
    """A vector of E = (parts + 1) D features for a sequence of any length.

    The means over `parts` equal parts of the valid steps, then the maximum over all steps. If the
    parts do not divide the steps, neighbouring parts share a step, as in torch's AdaptiveAvgPool1d.
    x must not be negative.
    """
    # Padded steps are zero and x is not negative, so the maximum needs no mask.
    largest = x.amax(1)
    if lengths is None and torch.compiler.is_exporting():
        # The pooling below would fix the number of steps in an exported graph.
        last = torch.arange(x.shape[1], device=x.device)[-1:]
        lengths = (last + 1).expand(x.shape[0])
    if lengths is None:
        means = F.adaptive_avg_pool1d(x.mT, parts).mT
    else:
        steps = torch.arange(x.shape[1], device=x.device)
        count = lengths.to(x.device)[:, None]
        part = torch.arange(parts, device=x.device)
        # AdaptiveAvgPool1d's limits, floor and ceil of part * length / parts, in integers: a padded
        # sequence gets exactly the parts that it would have without padding.
        first = part * count // parts
        last = ((part + 1) * count + parts - 1) // parts
        inside = (steps >= first[..., None]) & (steps < last[..., None])  # [N parts L]
        share = (inside / inside.sum(-1, keepdim=True)).to(x)
        # One part after the other: all at once would need a tensor [N parts L D].
        means = torch.stack([(x * each[..., None]).sum(1) for each in share.unbind(1)], dim=1)
    return torch.cat((means.flatten(1), largest), dim=1)
