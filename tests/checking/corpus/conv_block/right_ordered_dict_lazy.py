# role: conv_block
# verdict: right
# object: ConvBNAct
# about: nn.Sequential subclass from an OrderedDict with lazy conv and norm, padding='same' and an optional pool
# round: held-out
from collections import OrderedDict
from functools import partial

import torch.nn as nn


class ConvBNAct(nn.Sequential):
    """conv -> bn -> act -> pool"""
    ACT = partial(nn.LeakyReLU, 0.1, inplace=True)

    def __init__(self, filters, kernel=5, pool=True):
        steps = OrderedDict()
        steps["conv"] = nn.LazyConv2d(filters, kernel, padding="same", bias=False)
        steps["bn"] = nn.LazyBatchNorm2d(eps=1e-3, momentum=0.01)
        steps["act"] = self.ACT()
        steps["pool"] = nn.MaxPool2d(3, stride=2, padding=1) if pool else nn.Identity()
        super().__init__(steps)
