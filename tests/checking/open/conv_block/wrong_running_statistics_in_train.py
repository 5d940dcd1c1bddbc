# role: conv_block
# verdict: wrong
# fault: running_statistics_in_train
# object: ConvBlock
# about: the running statistics are moved and then used in both modes
import torch
import torch.nn as nn


class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.gamma = nn.Parameter(torch.ones(num_features))
        self.beta = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("moving_mean", torch.zeros(num_features))
        self.register_buffer("moving_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            with torch.no_grad():
                var, mean = torch.var_mean(x, dim=(0, 2, 3))
                self.moving_mean.lerp_(mean, self.momentum)
                self.moving_var.lerp_(var, self.momentum)
        shape = (1, -1, 1, 1)
        x_hat = (x - self.moving_mean.view(shape)) / torch.sqrt(self.moving_var.view(shape) + self.eps)  # <<<
        return self.gamma.view(shape) * x_hat + self.beta.view(shape)


class ConvBlock(nn.Module):
    """conv - bn - relu - maxpool"""

    def __init__(self, c_in, c_out):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(c_in, c_out, 3, padding=1), BatchNorm2d(c_out), nn.ReLU(), nn.MaxPool2d(2))

    def forward(self, x):
        return self.layers(x)
