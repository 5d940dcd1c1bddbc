# role: dropout
# verdict: right
# object: Dropout
# about: inverted dropout with a rand > p mask

import torch
import torch.nn as nn


class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        if p < 0 or p >= 1:
            raise ValueError("p must be in [0, 1)")
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        mask = (torch.rand(x.shape, device=x.device) > self.p).to(x.dtype)
        return x * mask / (1 - self.p)
