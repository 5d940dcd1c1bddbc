# role: dropout
# verdict: wrong
# fault: keep_and_drop_swapped
# object: DropoutLayer
# about: keeps where rand < p, so that p is the share kept

import torch
from torch import nn


class DropoutLayer(nn.Module):
    def __init__(self, dropout=0.3):
        super().__init__()
        self.dropout = dropout

    def forward(self, X):
        if not self.training or self.dropout == 0:
            return X
        mask = (torch.rand(X.shape, device=X.device) < self.dropout).float()  # <<<
        return mask * X / (1.0 - self.dropout)
