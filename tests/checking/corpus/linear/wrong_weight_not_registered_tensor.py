# role: linear
# verdict: wrong
# fault: weight_not_registered
# object: FullyConnected
# about: the weight is a plain tensor with requires_grad, so parameters() does not have it

import torch
import torch.nn as nn


class FullyConnected(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.w = torch.empty(n_in, n_out).normal_(0, 0.01).requires_grad_()  # <<<
        self.b = nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        return x @ self.w + self.b
