# role: conv_block
# verdict: wrong
# fault: running_statistics_unused
# object: Block
# about: in eval mode the norm is passed by and only gamma and beta are applied
import torch
import torch.nn as nn
import torch.nn.functional as F


class BN(nn.Module):
    def __init__(self, channels, momentum=0.1, eps=1e-5):
        super().__init__()
        self.momentum = momentum
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.register_buffer("mean", torch.zeros(1, channels, 1, 1))
        self.register_buffer("var", torch.ones(1, channels, 1, 1))

    def forward(self, x):
        if self.training:
            m = x.mean((0, 2, 3), keepdim=True)
            v = x.var((0, 2, 3), keepdim=True, unbiased=False)
            self.mean = (1 - self.momentum) * self.mean + self.momentum * m.detach()
            self.var = (1 - self.momentum) * self.var + self.momentum * v.detach()
            x = (x - m) / (v + self.eps) ** 0.5
        return x * self.weight + self.bias  # <<<


class Block(nn.Module):
    """Conv2d, BatchNorm2d, ReLU, MaxPool2d(2)"""

    def __init__(self, cin, cout):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, 3, 1, 1, bias=False)
        self.bn = BN(cout)

    def forward(self, x):
        return F.max_pool2d(F.relu(self.bn(self.conv(x))), 2)
