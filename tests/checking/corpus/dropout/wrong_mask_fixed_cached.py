# role: dropout
# verdict: wrong
# fault: mask_fixed
# object: Dropout
# about: the mask is drawn at the first batch and kept

import torch
import torch.nn as nn


class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p
        self.mask = None

    def forward(self, x):
        if not self.training:
            return x
        if self.mask is None or self.mask.shape != x.shape:  # <<<
            self.mask = (torch.rand_like(x) >= self.p).float()
        return x * self.mask / (1 - self.p)
