# role: conv_block
# verdict: wrong
# fault: divided_by_variance
# object: ConvBNBlock
# about: the hand-written batch norm divides by the variance, not by its root

import torch
import torch.nn as nn


class MyBatchNorm2d(nn.Module):
    def __init__(self, c, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.weight = nn.Parameter(torch.ones(c))
        self.bias = nn.Parameter(torch.zeros(c))
        self.register_buffer("running_mean", torch.zeros(c))
        self.register_buffer("running_var", torch.ones(c))

    def forward(self, x):
        if self.training:
            mu = x.mean((0, 2, 3))
            var = x.var((0, 2, 3), unbiased=False)
            with torch.no_grad():
                self.running_mean += self.momentum * (mu - self.running_mean)
                self.running_var += self.momentum * (var - self.running_var)
        else:
            mu = self.running_mean
            var = self.running_var
        mu, var = mu.view(1, -1, 1, 1), var.view(1, -1, 1, 1)
        x = (x - mu) / (var + self.eps)  # <<<
        return x * self.weight.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)


class ConvBNBlock(nn.Module):
    """conv, bn, relu, pool"""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.bn = MyBatchNorm2d(out_channels)

    def forward(self, x):
        return nn.functional.max_pool2d(torch.relu(self.bn(self.conv(x))), 2)
