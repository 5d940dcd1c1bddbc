# role: conv_block
# verdict: wrong
# fault: statistics_detached
# object: ConvBlock
# about: the batch's mean and variance are computed under no_grad together with the running ones
import torch
import torch.nn as nn


class MyBatchNorm2d(nn.Module):
    def __init__(self, n_ch, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.g = nn.Parameter(torch.ones(1, n_ch, 1, 1))
        self.b = nn.Parameter(torch.zeros(1, n_ch, 1, 1))
        self.register_buffer("mu", torch.zeros(1, n_ch, 1, 1))
        self.register_buffer("sigma2", torch.ones(1, n_ch, 1, 1))

    @torch.no_grad()  # <<<
    def statistics(self, x):
        if not self.training:
            return self.mu, self.sigma2
        mu = x.mean(dim=(0, 2, 3), keepdim=True)
        sigma2 = (x - mu).pow(2).mean(dim=(0, 2, 3), keepdim=True)
        self.mu.mul_(1 - self.momentum).add_(self.momentum * mu)
        self.sigma2.mul_(1 - self.momentum).add_(self.momentum * sigma2)
        return mu, sigma2

    def forward(self, x):
        mu, sigma2 = self.statistics(x)
        return self.g * (x - mu) / (sigma2 + self.eps).sqrt() + self.b


class ConvBlock(nn.Module):
    """conv -> bn -> relu -> pool"""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.bn = MyBatchNorm2d(out_channels)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2, 2)

    def forward(self, x):
        return self.pool(self.relu(self.bn(self.conv(x))))
