# role: conv_block
# verdict: wrong
# fault: relu_before_conv
# object: ConvBlock
# about: relu stands at the head of the Sequential
import torch.nn as nn


class ConvBlock(nn.Module):
    """conv -> bn -> relu -> maxpool"""

    def __init__(self, in_channels, out_channels, kernel_size=3):
        super().__init__()
        self.net = nn.Sequential(
            nn.ReLU(),  # <<<
            nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2),
            nn.BatchNorm2d(out_channels),
            nn.MaxPool2d(kernel_size=(2, 2), stride=(2, 2)),
        )

    def forward(self, x):
        return self.net(x)
