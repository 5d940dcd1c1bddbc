# role: linear
# verdict: wrong
# fault: bias_scalar
# object: Affine
# about: a single number is used as the bias of all outputs

import torch
import torch.nn as nn


class Affine(nn.Module):
    def __init__(self, in_size: int, out_size: int):
        super().__init__()
        self.W = nn.Parameter(torch.empty(out_size, in_size))
        nn.init.kaiming_normal_(self.W, nonlinearity="relu")
        self.b = nn.Parameter(torch.zeros(1))  # <<<

    def forward(self, x):
        return torch.einsum("oi,ni->no", self.W, x) + self.b
