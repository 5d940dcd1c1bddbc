# role: conv_block
# verdict: wrong
# fault: running_statistics_move_in_eval
# object: ConvBlock
# about: the update of the running statistics stands behind the if, so it runs in both modes
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
        batch_mean = x.mean(dim=[0, 2, 3])
        batch_var = x.var(dim=[0, 2, 3], unbiased=False)
        if self.training:
            mean, var = batch_mean, batch_var
        else:
            mean, var = self.running_mean.clone(), self.running_var.clone()
        # moving average
        self.running_mean.mul_(1 - self.momentum).add_(batch_mean.detach(), alpha=self.momentum)  # <<<
        self.running_var.mul_(1 - self.momentum).add_(batch_var.detach(), alpha=self.momentum)
        x = (x - mean[:, None, None]) * torch.rsqrt(var[:, None, None] + self.eps)
        return x * self.weight[:, None, None] + self.bias[:, None, None]


class ConvBlock(nn.Module):
    """conv, batchnorm, relu, maxpool"""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, (3, 3), padding=(1, 1))
        self.norm = BatchNorm2d(out_channels)
        self.act = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d((2, 2))

    def forward(self, x):
        for f in (self.conv, self.norm, self.act, self.pool):
            x = f(x)
        return x
