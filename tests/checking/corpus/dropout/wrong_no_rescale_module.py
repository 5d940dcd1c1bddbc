# role: dropout
# verdict: wrong
# fault: no_rescale
# object: Dropout
# about: the kept values are not divided by 1 - p

import torch
import torch.nn as nn


class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super(Dropout, self).__init__()
        self.p = p

    def forward(self, x):
        if self.training:
            mask = torch.bernoulli(torch.ones_like(x) * (1 - self.p))
            x = x * mask  # <<<
        return x
