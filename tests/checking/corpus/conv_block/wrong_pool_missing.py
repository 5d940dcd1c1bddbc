# role: conv_block
# verdict: wrong
# fault: pool_missing
# object: ConvBlock
# about: the max pool is not there, the picture keeps its size

import torch.nn as nn


class ConvBlock(nn.Module):
    """Conv2d + BatchNorm2d + ReLU + MaxPool2d, halves H and W"""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(2)

    def forward(self, x):
        x = self.conv(x)
        x = self.bn(x)
        return self.relu(x)  # <<<
