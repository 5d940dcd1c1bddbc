# role: dropout
# verdict: wrong
# fault: flag_of_its_own
# object: RandomZero
# about: an argument of the call decides, and model.eval() does not reach it
import torch
from torch import nn


class RandomZero(nn.Module):
    def __init__(self, p=0.4):
        super().__init__()
        self.p = p

    def forward(self, x, is_train=True):  # <<<
        if not is_train:
            return x
        keep = (torch.rand_like(x) >= self.p).to(x.dtype)
        return x * keep / (1 - self.p)
