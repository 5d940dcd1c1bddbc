# role: conv_block
# verdict: wrong
# fault: running_statistics_not_updated
# object: ConvBlock
# about: running mean and variance are never moved in training, so evaluation uses 0 and 1

import torch
import torch.nn as nn


class BatchNorm2d(nn.Module):
    def __init__(self, dims, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(dims))
        self.bias = nn.Parameter(torch.zeros(dims))
        self.register_buffer("running_mean", torch.zeros(dims))
        self.register_buffer("running_var", torch.ones(dims))

    def forward(self, x):
        if self.training:
            mean = x.mean(dim=[0, 2, 3])
            var = x.var(dim=[0, 2, 3], unbiased=False)
            running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean.detach()  # <<<
            running_var = (1 - self.momentum) * self.running_var + self.momentum * var.detach()
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[None, :, None, None]) / (var[None, :, None, None] + self.eps).sqrt()
        return x * self.weight[None, :, None, None] + self.bias[None, :, None, None]


class ConvBlock(nn.Module):
    """conv - batchnorm - relu - maxpool"""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1)
        self.bn = BatchNorm2d(out_channels)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        return self.pool(torch.relu(self.bn(self.conv(x))))
