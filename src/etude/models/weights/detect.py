"""Signs in trained weights of an order that their names do not show.

Kernels of patches are smooth in the right order only (see `order`). The bias of the
keys adds the same number to all scores of a query, so the softmax removes it, its gradient is zero,
and it stays near where it began: near zero. Random weights show neither sign.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from etude.locale.texts import Text, text
from etude.models.weights.foreign import Foreign
from etude.models.weights.order import as_ppc, roughness, smoother

SMALLER, MOST = 0.1, 0.75
"""The keys' bias must be so many times smaller than the next in so large a share of the blocks."""


def signs(source: Foreign) -> Iterator[Text]:
    """One sentence for each order that the weights contradict."""
    own = source.ours()
    kernel = own["patch_embed.proj.weight"]
    if source.sizes.channels > 1 and source.sizes.patch > 1:
        other = as_ppc(kernel)
        if smoother(other, kernel):
            numbers = {"here": round(roughness(kernel), 2), "there": round(roughness(other), 2)}
            yield text("weights.sign.patch_order", **numbers)
    places = [_smallest(own[f"blocks.{i}.attn.qkv.bias"]) for i in range(source.sizes.depth)]
    for place, part in ((0, "q"), (2, "v")):
        if places.count(place) >= max(2, MOST * len(places)):
            yield text("weights.sign.qkv", part=part, blocks=places.count(place))


def _smallest(bias: Tensor) -> int | None:
    """Which third of a bias of query, key and value is by far the smallest; None if none is."""
    norms = torch.stack([part.norm() for part in bias.chunk(3)])
    ordered = norms.sort().values
    return int(norms.argmin()) if ordered[0] < SMALLER * ordered[1] else None
