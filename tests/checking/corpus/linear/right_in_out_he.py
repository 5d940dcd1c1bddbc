# role: linear
# verdict: right
# object: MyLinear
# about: d2l-like layer with weight stored [in, out], He normal init and zero bias

import torch
from torch import nn


class MyLinear(nn.Module):
    def __init__(self, in_units, units):
        super().__init__()
        self.w = nn.Parameter(torch.randn(in_units, units) * (2.0 / in_units) ** 0.5)
        self.b = nn.Parameter(torch.zeros(units))
        # He 초기화, bias는 0

    def forward(self, X):
        return torch.addmm(self.b, X, self.w)
