# role: conv_block
# verdict: wrong
# fault: residual_without_skip
# object: ResBlock
# about: the input is kept in a variable and never added
from torch import nn


class ResBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels),
        )

    def forward(self, x):
        identity = x
        out = self.body(x)
        return out.relu()  # <<<
