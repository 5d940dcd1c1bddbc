# role: linear
# verdict: wrong
# fault: gradient_differs
# object: MyLinear
# about: an autograd Function whose backward averages the bias gradient over the batch in place of summing it
import math

import torch
import torch.nn as nn


class LinearFunction(torch.autograd.Function):

    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return x.mm(weight.t()) + bias

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        grad_x = grad_output.mm(weight)
        grad_weight = grad_output.t().mm(x)
        grad_bias = grad_output.mean(0)  # <<<
        return grad_x, grad_weight, grad_bias


class MyLinear(nn.Module):
    """y = x W^T + b, x: [N, in_features]"""

    def __init__(self, in_features, out_features):
        super().__init__()
        bound = 1 / math.sqrt(in_features)
        self.weight = nn.Parameter(torch.empty(out_features, in_features).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(out_features).uniform_(-bound, bound))

    def forward(self, x):
        return LinearFunction.apply(x, self.weight, self.bias)
