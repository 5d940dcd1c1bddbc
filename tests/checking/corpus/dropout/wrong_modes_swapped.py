# role: dropout
# verdict: wrong
# fault: modes_swapped
# object: Dropout
# about: returns the input as it is in train mode and drops in eval mode
import torch
from torch import nn


class Dropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        assert 0 <= p < 1
        self.p = p

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:  # <<<
            return x
        keep = 1.0 - self.p
        mask = torch.bernoulli(torch.full_like(x, keep))
        return x * mask / keep
