# role: conv_block
# verdict: wrong
# fault: statistics_wrong_axis
# object: ConvBlock
# about: mean and variance are taken over the batch only, pixel by pixel

import torch
import torch.nn as nn


class BatchNorm(nn.Module):
    def __init__(self, num_features):
        super().__init__()
        shape = (1, num_features, 1, 1)
        self.gamma = nn.Parameter(torch.ones(shape))
        self.beta = nn.Parameter(torch.zeros(shape))
        self.register_buffer("moving_mean", torch.zeros(shape))
        self.register_buffer("moving_var", torch.ones(shape))

    def forward(self, X, eps=1e-5, momentum=0.9):
        if self.training:
            mean = X.mean(dim=0, keepdim=True)  # <<<
            var = ((X - mean) ** 2).mean(dim=0, keepdim=True)
            self.moving_mean = momentum * self.moving_mean + (1.0 - momentum) * mean.detach()
            self.moving_var = momentum * self.moving_var + (1.0 - momentum) * var.detach()
        else:
            mean, var = self.moving_mean, self.moving_var
        X_hat = (X - mean) / torch.sqrt(var + eps)
        return self.gamma * X_hat + self.beta


class ConvBlock(nn.Module):
    """conv -> batch norm -> ReLU -> max pool"""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1),
            BatchNorm(out_channels),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=2, stride=2),
        )

    def forward(self, X):
        return self.net(X)
