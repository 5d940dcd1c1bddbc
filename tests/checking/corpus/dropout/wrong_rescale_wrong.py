# role: dropout
# verdict: wrong
# fault: rescale_wrong
# object: Dropout
# about: kept units are divided by the root of the keep probability
import math

import torch
import torch.nn as nn


class Dropout(nn.Module):
    def __init__(self, rate=0.1):
        super().__init__()
        self.rate = rate
        self.scale = 1.0 / math.sqrt(1.0 - rate)  # <<<

    def forward(self, inputs):
        if not self.training or self.rate == 0:
            return inputs
        dropped = torch.rand(inputs.size(), device=inputs.device) < self.rate
        return inputs.masked_fill(dropped, 0.0) * self.scale
