# role: conv_block
# verdict: right
# object: ConvBNReLU
# about: functional calls on own parameters, no conv bias before the norm

import torch
import torch.nn as nn
import torch.nn.functional as F


class ConvBNReLU(nn.Module):
    """conv3x3 (no bias) -> bn -> relu -> 2x2 max pooling"""

    def __init__(self, c_in: int, c_out: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(c_out, c_in, 3, 3))
        nn.init.kaiming_normal_(self.weight)
        self.bn_w = nn.Parameter(torch.ones(c_out))
        self.bn_b = nn.Parameter(torch.zeros(c_out))
        self.register_buffer("mean", torch.zeros(c_out))
        self.register_buffer("var", torch.ones(c_out))

    def forward(self, x):
        x = F.conv2d(x, self.weight, padding=1)
        x = F.batch_norm(x, self.mean, self.var, self.bn_w, self.bn_b, training=self.training)
        return F.max_pool2d(F.relu(x), 2)
