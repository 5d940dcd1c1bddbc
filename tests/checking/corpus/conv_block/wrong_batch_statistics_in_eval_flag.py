# role: conv_block
# verdict: wrong
# fault: batch_statistics_in_eval
# object: ConvBlock
# about: BatchNorm2d without running statistics, so evaluation depends on the batch

import torch.nn as nn


class ConvBlock(nn.Module):
    """Conv2d, BatchNorm2d, ReLU, MaxPool2d (in this order)."""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        layers = []
        layers.append(nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1))
        layers.append(nn.BatchNorm2d(out_channels, track_running_stats=False))  # <<<
        layers.append(nn.ReLU(True))
        layers.append(nn.MaxPool2d(kernel_size=(2, 2), stride=(2, 2)))
        self.net = nn.Sequential(*layers)

    def forward(self, x):
        return self.net(x)
