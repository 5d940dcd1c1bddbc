# role: dropout
# verdict: wrong
# fault: keep_and_drop_swapped
# object: Dropout
# about: the binomial mask is drawn with the drop probability as probability of a one
# round: held-out
import numpy as np
import torch
import torch.nn as nn


class Dropout(nn.Module):
    """p is the probability of zeroing a unit."""

    def __init__(self, p=0.2):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        mask = np.random.binomial(1, self.p, size=tuple(x.shape))  # <<<
        mask = torch.from_numpy(mask).to(x) / (1 - self.p)
        return x * mask
