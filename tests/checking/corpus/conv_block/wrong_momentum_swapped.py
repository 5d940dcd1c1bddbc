# role: conv_block
# verdict: wrong
# fault: momentum_swapped
# object: ConvBlock
# about: momentum 0.1 weighs the old value and 0.9 the batch
import torch
import torch.nn as nn


class BatchNormalization(nn.Module):
    def __init__(self, num_features, momentum=0.1, eps=1e-5):
        super().__init__()
        self.momentum = momentum
        self.eps = eps
        self.gamma = nn.Parameter(torch.ones(num_features))
        self.beta = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def update(self, old, new):
        return self.momentum * old + (1 - self.momentum) * new.detach()  # <<<

    def forward(self, x):
        if self.training:
            mean = x.mean(dim=(0, 2, 3))
            var = x.var(dim=(0, 2, 3), unbiased=False)
            self.running_mean = self.update(self.running_mean, mean)
            self.running_var = self.update(self.running_var, var)
        else:
            mean = self.running_mean
            var = self.running_var
        out = (x.permute(0, 2, 3, 1) - mean) / torch.sqrt(var + self.eps)
        return (out * self.gamma + self.beta).permute(0, 3, 1, 2)


class ConvBlock(nn.Module):
    """conv -> batch norm -> relu -> max pool (2x2)"""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1)
        self.batchnorm = BatchNormalization(out_channels)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(kernel_size=2, stride=2)

    def forward(self, x):
        x = self.relu(self.batchnorm(self.conv(x)))
        return self.maxpool(x)
