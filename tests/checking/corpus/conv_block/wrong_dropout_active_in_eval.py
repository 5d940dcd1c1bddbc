# role: conv_block
# verdict: wrong
# fault: dropout_in_eval
# object: ConvBlock
# about: F.dropout2d without training=self.training drops in evaluation too

import torch.nn as nn
import torch.nn.functional as F


class ConvBlock(nn.Module):
    """conv -> bn -> relu -> pool -> dropout"""

    def __init__(self, in_channels, out_channels, p=0.25):
        super().__init__()
        self.p = p
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        x = F.relu(self.bn(self.conv(x)))
        x = F.max_pool2d(x, 2)
        x = F.dropout2d(x, p=self.p, training=True)  # <<<
        return x
