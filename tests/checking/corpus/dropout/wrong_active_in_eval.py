# role: dropout
# verdict: wrong
# fault: active_in_eval
# object: MyDropout
# about: drops in evaluation mode as well

import torch
import torch.nn as nn
import torch.nn.functional as F


class MyDropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        return F.dropout(x, self.p)  # <<<
