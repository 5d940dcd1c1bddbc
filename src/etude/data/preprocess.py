"""Preprocess: raw samples as the model reads them, one module for training, evaluation, prediction
and export.

    raw samples -> normalise (or encode, a table) -> (augmentation) -> hide padding
    -> centre and scale each window by itself (series, see `layers.window`) -> view
"""

import torch
from einops import rearrange
from torch import nn

from etude.data.card import Card
from etude.data.normalise import Normalise
from etude.data.tabular.encode import Encode
from etude.layers.window import levels, relative
from etude.shapes import Float, Int, Tensor


class Preprocess(nn.Module):
    """Raw samples [N ...], in the type and the units of the training data, as float32 in the shape
    that the model reads: `arrange` of `normalise`.

    Everything comes from the Card, so `nn.Sequential(Preprocess(card), model)` reads raw samples.
    """

    def __init__(self, card: Card) -> None:
        super().__init__()
        self.normalise: Normalise | Encode
        # One number per channel of images [N C H W]; otherwise one per feature, the last axis.
        axes = (1, -1, 1, 1) if card.kind == "image" else (-1,)
        if card.columns:
            self.normalise = Encode(card.columns)
        else:
            # Series of the user's own are logarithms already.
            log = card.log and card.panel is None
            self.normalise = Normalise(card.origin, card.mean, card.std, log, axes)
        self.view = card.view
        self.past = card.panel.length if card.panel and card.panel.relative else 0

    def forward(
        self, x: Tensor, lengths: Int[Tensor, " N"] | None = None
    ) -> Float[Tensor, "N ..."]:
        return self.arrange(self.normalise(x), lengths)

    def levels(self, x: Float[Tensor, "N ..."]) -> Float[Tensor, "N 2"] | None:
        """Level and spread of each window of a series, if windows are scaled by themselves."""
        return levels(x, self.past) if self.past else None

    def arrange(
        self, x: Float[Tensor, "N ..."], lengths: Int[Tensor, " N"] | None
    ) -> Float[Tensor, "N ..."]:
        """Normalised samples [N ...] with zeros beyond each sequence's length, in the view of the
        Card: image -> rows [N H W*C], any kind -> vector [N D], or unchanged.

        Training calls it after augmentation: normalisation and augmentation both move padding away
        from zero.
        """
        if lengths is not None:
            steps = torch.arange(x.shape[1], device=x.device)
            beyond = steps >= lengths.to(x.device)[:, None]
            x = x.masked_fill(beyond[..., None], 0.0)
        if (window := self.levels(x)) is not None:
            x = relative(x, window, self.past)
        if self.view == "rows":
            return rearrange(x, "n c h w -> n h (w c)")
        if self.view == "vector":
            return rearrange(x, "n ... -> n (...)")
        return x
