"""The attention weights of a network as one more output of its graph."""

import torch
from torch import nn

from etude.errors import UsageError
from etude.exporters.exporter import Trained
from etude.exporters.graph import Deployed
from etude.layers.attention import MultiHeadAttention
from etude.locale.texts import text
from etude.shapes import Int, Tensor


class Attending(Deployed):
    """`Deployed` with the output attention [N blocks H T T] for T tokens: the weights before
    dropout, computed separately from the other outputs; each row sums to 1.

    Raises UsageError for a network without multi-head attention, or with blocks of unequal sizes.
    """

    def __init__(self, trained: Trained) -> None:
        super().__init__(trained)
        blocks = [part for part in self.model.modules() if isinstance(part, MultiHeadAttention)]
        if len({part.n_heads for part in blocks}) != 1:
            raise UsageError(text("export.attention", model=trained.result.title))
        self.blocks = blocks

    def forward(self, x: Tensor, lengths: Int[Tensor, " N"] | None = None) -> dict[str, Tensor]:
        found: list[Tensor] = []

        def keep(block: nn.Module, inputs: tuple[Tensor, ...], options: dict[str, Tensor]) -> None:
            assert isinstance(block, MultiHeadAttention)
            found.append(block.weights(*inputs, **options))

        hooks = [block.register_forward_pre_hook(keep, with_kwargs=True) for block in self.blocks]
        try:
            outputs = super().forward(x, lengths)
        finally:
            for hook in hooks:
                hook.remove()
        return {**outputs, "attention": torch.stack(found, dim=1)}
