# role: dropout
# verdict: wrong
# fault: rescale_multiplied
# object: InvertedDropout
# about: kept units are multiplied by the keep probability
import torch
import torch.nn as nn


class InvertedDropout(nn.Module):
    def __init__(self, drop_prob=0.5):
        super().__init__()
        self.keep_prob = 1 - drop_prob

    def forward(self, x):
        if self.training:
            mask = torch.empty_like(x).bernoulli_(self.keep_prob)
            x = x * mask * self.keep_prob  # <<<
        return x
