# role: conv_block
# verdict: right
# object: ConvBlock
# about: plain torch layers, conv - bn - relu - maxpool

import torch.nn as nn


class ConvBlock(nn.Module):
    """Conv2d(3x3) -> BatchNorm2d -> ReLU -> MaxPool2d"""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=(2, 2), stride=(2, 2)),
        )

    def forward(self, x):
        return self.block(x)
