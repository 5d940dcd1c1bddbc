# role: network
# verdict: right
# object: SqueezeExcite
# about: channel attention: global mean, two layers, a gate for each channel
import torch
from torch import nn


class SqueezeExcite(nn.Module):
    def __init__(self, channels, reduction=2):
        super().__init__()
        small = max(1, channels // reduction)
        self.down = nn.Linear(channels, small)
        self.up = nn.Linear(small, channels)

    def forward(self, x):
        mean = x.mean((2, 3))
        gate = torch.sigmoid(self.up(torch.relu(self.down(mean))))
        return x * gate[:, :, None, None]
