# role: attention
# verdict: right
# object: DotAttention
# about: [N L D] with einsum and the nn.MultiheadAttention mask convention (True hides), returns only the output
import torch
from torch import nn, Tensor
from typing import Optional


class DotAttention(nn.Module):
    """softmax(q k^T / sqrt(d)) v for q [N, Lq, D], k and v [N, Lk, D].

    `mask` is boolean [N, Lq, Lk]; as in nn.MultiheadAttention, True means
    "this pair is not allowed".
    """

    def forward(self, query: Tensor, key: Tensor, value: Tensor,
                mask: Optional[Tensor] = None) -> Tensor:
        query = query * query.shape[-1] ** -0.5
        energy = torch.einsum("nqd,nkd->nqk", query, key)
        if mask is not None:
            energy = energy.masked_fill(mask.bool(), float("-inf"))
        return torch.einsum("nqk,nkd->nqd", energy.softmax(-1), value)
