# role: dropout
# verdict: wrong
# fault: dropped_not_zero
# object: Drop
# about: dropped units are replaced by their negative
import torch
from torch import nn


class Drop(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        keep = torch.rand_like(x) > self.p
        return torch.where(keep, x, 0.2 - x)  # <<<
