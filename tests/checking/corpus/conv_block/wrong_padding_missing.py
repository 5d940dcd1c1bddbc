# role: conv_block
# verdict: wrong
# fault: padding_missing
# object: ConvBlock
# about: the 3x3 convolution has no padding, so the picture shrinks by two before pooling

import torch.nn as nn


class ConvBlock(nn.Module):
    """3x3 conv keeping the size, bn, relu, then 2x2 max pool: [N C H W] -> [N C' H/2 W/2]"""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=3)  # <<<
        self.bn = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(kernel_size=2, stride=2)

    def forward(self, x):
        x = self.relu(self.bn(self.conv(x)))
        return self.maxpool(x)
