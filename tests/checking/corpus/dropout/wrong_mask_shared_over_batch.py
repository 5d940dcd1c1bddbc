# role: dropout
# verdict: wrong
# fault: mask_shared_over_batch
# object: Dropout
# about: one mask of the feature shape is used for all samples

import torch
import torch.nn as nn


class Dropout(nn.Module):
    """Inverted dropout."""

    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if self.training and self.p > 0:
            q = 1 - self.p
            mask = torch.bernoulli(torch.full(x.shape[1:], q)).to(x)  # <<<
            return x * mask.div_(q)
        return x
