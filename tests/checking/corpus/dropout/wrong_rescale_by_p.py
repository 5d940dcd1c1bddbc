# role: dropout
# verdict: wrong
# fault: rescale_by_p
# object: Dropout
# about: divides the kept values by p and not by 1 - p

import torch
import torch.nn as nn


class Dropout(nn.Module):
    def __init__(self, drop_rate=0.2):
        super().__init__()
        assert 0 < drop_rate < 1
        self.drop_rate = drop_rate

    def forward(self, x):
        if not self.training:
            return x
        mask = torch.rand_like(x).ge(self.drop_rate).type_as(x)
        return x * mask / self.drop_rate  # <<<
