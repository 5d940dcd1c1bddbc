# role: dropout
# verdict: wrong
# fault: never_drops
# object: MyDropout
# about: the product with the mask is not in place and its result is thrown away
import torch
import torch.nn as nn


class MyDropout(nn.Module):
    """p: 노드를 끌 확률"""

    def __init__(self, p=0.2):
        super(MyDropout, self).__init__()
        self.p = p

    def forward(self, x):
        if self.training:
            mask = (torch.rand_like(x) >= self.p).float()
            torch.mul(x, mask / (1 - self.p))  # <<<
        return x
