# role: conv_block
# verdict: wrong
# fault: residual_without_skip
# object: ResidualBlock
# about: x is overwritten, so the branch is added to itself
from torch import nn


class ResidualBlock(nn.Module):
    def __init__(self, filters):
        super().__init__()
        self.a = nn.Conv2d(filters, filters, 3, padding=1)
        self.b = nn.Conv2d(filters, filters, 3, padding=1)

    def forward(self, x):
        x = self.a(x).relu()
        x = self.b(x)
        x += x  # <<<
        return x.relu()
