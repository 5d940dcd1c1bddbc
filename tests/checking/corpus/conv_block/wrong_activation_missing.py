# role: conv_block
# verdict: wrong
# fault: activation_missing
# object: CNNBlock
# about: no ReLU between norm and pooling

import torch.nn as nn


class CNNBlock(nn.Module):
    """conv-bn-relu-maxpool"""

    def __init__(self, in_channels, out_channels, kernel_size=3, padding=1):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=padding)
        self.batchnorm = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(True)
        self.pool = nn.MaxPool2d((2, 2), (2, 2))

    def forward(self, x):
        x = self.conv(x)
        x = self.batchnorm(x)
        x = self.pool(x)  # <<<
        return x
