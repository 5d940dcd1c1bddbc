# role: linear
# verdict: wrong
# fault: bias_unused
# object: Linear
# about: a bias is made but never added

import math

import torch
import torch.nn as nn


class Linear(nn.Module):
    def __init__(self, in_dim, out_dim):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out_dim, in_dim))
        self.bias = nn.Parameter(torch.empty(out_dim))
        self.reset_parameters()

    def reset_parameters(self):
        k = 1.0 / math.sqrt(self.weight.size(1))
        self.weight.data.uniform_(-k, k)
        self.bias.data.uniform_(-k, k)

    def forward(self, x):
        return torch.matmul(x, self.weight.T)  # <<<
