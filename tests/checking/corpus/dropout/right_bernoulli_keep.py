# role: dropout
# verdict: right
# object: MyDropout
# about: Bernoulli(keep) mask, where() and a scale attribute

import torch
from torch import nn, Tensor


class MyDropout(nn.Module):
    """Zeroes each element with probability drop_prob while training."""

    def __init__(self, drop_prob: float = 0.1):
        super().__init__()
        assert 0.0 <= drop_prob < 1.0
        self.drop_prob = drop_prob
        self.keep_prob = 1.0 - drop_prob

    def forward(self, x: Tensor) -> Tensor:
        if self.training and self.drop_prob > 0:
            keep = torch.full_like(x, self.keep_prob).bernoulli().bool()
            return torch.where(keep, x / self.keep_prob, torch.zeros_like(x))
        return x

    def extra_repr(self):
        return f"p={self.drop_prob}"
