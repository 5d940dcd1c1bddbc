# role: conv_block
# verdict: right
# object: Block
# about: pools before the ReLU (the same thing, as ReLU is monotone) and drops channels at the end

import torch.nn as nn


class Block(nn.Module):
    """conv -> bn -> maxpool -> relu -> dropout2d"""

    def __init__(self, in_ch, out_ch, p_drop=0.0):
        super(Block, self).__init__()
        self.conv = nn.Conv2d(in_ch, out_ch, kernel_size=3, stride=1, padding="same")
        self.norm = nn.BatchNorm2d(out_ch)
        self.pool = nn.MaxPool2d(2, 2)
        self.act = nn.ReLU(True)
        self.drop = nn.Dropout2d(p=p_drop)

    def forward(self, x):
        out = self.norm(self.conv(x))
        out = self.act(self.pool(out))
        return self.drop(out)
