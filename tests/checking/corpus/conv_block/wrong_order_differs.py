# role: conv_block
# verdict: wrong
# fault: order_differs
# object: ConvBlock
# about: the norm comes after the relu, against the docstring
import torch.nn as nn


class ConvBlock(nn.Module):
    """Convolution -> Batch Normalization -> ReLU -> 2x2 Max Pooling"""

    def __init__(self, in_dim, out_dim, kernel_size=3, padding=1):
        super(ConvBlock, self).__init__()
        self.conv = nn.Conv2d(in_dim, out_dim, kernel_size=kernel_size, padding=padding)
        self.bn = nn.BatchNorm2d(out_dim)
        self.relu = nn.ReLU(True)
        self.pool = nn.MaxPool2d(kernel_size=(2, 2), stride=(2, 2))

    def forward(self, x):
        x = self.conv(x)
        x = self.bn(self.relu(x))  # <<<
        x = self.pool(x)
        return x
