# role: linear
# verdict: wrong
# fault: weight_not_transposed
# object: Affine
# about: the weight lies as [out, in] and is not turned
import torch
from torch import nn


class Affine(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(0.1 * torch.randn(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(in_features))

    def forward(self, x):
        return torch.matmul(x, self.weight) + self.bias  # <<<
