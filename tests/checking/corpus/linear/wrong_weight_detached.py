# role: linear
# verdict: wrong
# fault: weight_detached
# object: Linear
# about: forward multiplies by weight.data, so the weight never gets a gradient

import torch
import torch.nn as nn
import torch.nn.functional as F


class Linear(nn.Module):
    def __init__(self, in_units, units):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(in_units, units) * 0.1)
        self.bias = nn.Parameter(torch.zeros(units,))

    def forward(self, X):
        out = torch.matmul(X, self.weight.data) + self.bias  # <<<
        return out
