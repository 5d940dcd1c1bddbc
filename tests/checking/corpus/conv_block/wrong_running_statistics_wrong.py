# role: conv_block
# verdict: wrong
# fault: running_statistics_wrong
# object: ConvBlock
# about: a copied line moves the running variance from the running mean
import torch
import torch.nn as nn


def batch_norm(X, gamma, beta, moving_mean, moving_var, eps, momentum, training):
    if not training:
        X_hat = (X - moving_mean) / torch.sqrt(moving_var + eps)
    else:
        mean = X.mean(dim=(0, 2, 3), keepdim=True)
        var = ((X - mean) ** 2).mean(dim=(0, 2, 3), keepdim=True)
        X_hat = (X - mean) / torch.sqrt(var + eps)
        # Update the mean and variance using moving average
        with torch.no_grad():
            new_mean = (1.0 - momentum) * moving_mean + momentum * mean
            new_var = (1.0 - momentum) * moving_mean + momentum * var  # <<<
            moving_mean.copy_(new_mean)
            moving_var.copy_(new_var)
    return gamma * X_hat + beta


class BatchNorm(nn.Module):
    def __init__(self, num_features):
        super().__init__()
        shape = (1, num_features, 1, 1)
        self.gamma = nn.Parameter(torch.ones(shape))
        self.beta = nn.Parameter(torch.zeros(shape))
        self.register_buffer("moving_mean", torch.zeros(shape))
        self.register_buffer("moving_var", torch.ones(shape))

    def forward(self, X):
        return batch_norm(X, self.gamma, self.beta, self.moving_mean, self.moving_var,
                          eps=1e-5, momentum=0.1, training=self.training)


class ConvBlock(nn.Sequential):
    """conv -> bn -> relu -> maxpool"""

    def __init__(self, in_channels, out_channels):
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1),
            BatchNorm(out_channels),
            nn.ReLU(),
            nn.MaxPool2d(2, 2),
        )
