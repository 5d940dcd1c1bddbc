# role: linear
# verdict: right
# object: Dense
# about: einsum product, bias kept as a [1, out] row

import torch
import torch.nn as nn
from torch import Tensor


class Dense(nn.Module):
    """Fully connected layer, [N, D] -> [N, K]."""

    def __init__(self, input_dim: int, output_dim: int, use_bias: bool = True) -> None:
        super().__init__()
        self.use_bias = use_bias
        self.W = nn.Parameter(torch.zeros(output_dim, input_dim))
        nn.init.xavier_uniform_(self.W)
        if use_bias:
            self.b = nn.Parameter(torch.zeros(1, output_dim))

    def forward(self, x: Tensor) -> Tensor:
        y = torch.einsum("nd,kd->nk", x, self.W)
        return y + self.b if self.use_bias else y
