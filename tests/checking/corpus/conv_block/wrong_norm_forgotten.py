# role: conv_block
# verdict: wrong
# fault: norm_forgotten
# object: ConvBlock
# about: the batch norm is declared and not applied

import torch.nn as nn
import torch.nn.functional as F


class ConvBlock(nn.Module):
    """
    conv(3x3) -> batch-norm -> relu -> max-pool(2x2)
    """

    def __init__(self, in_channels, out_channels, dropout=0.0):
        super(ConvBlock, self).__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.bn = nn.BatchNorm2d(out_channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        x = F.relu(self.conv(x))  # <<<
        x = F.max_pool2d(x, 2)
        return self.dropout(x)
