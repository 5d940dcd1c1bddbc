# role: attention
# verdict: wrong
# fault: always_dropout
# object: Attention
# about: functional dropout without the training flag, so evaluation is random too
import math
import torch
import torch.nn as nn
import torch.nn.functional as F


class Attention(nn.Module):
    def __init__(self, p=0.1):
        super().__init__()
        self.p = p

    def forward(self, q, k, v, mask=None):
        """mask is 1 for tokens and 0 for padding"""
        w = (q @ k.transpose(-2, -1)) / math.sqrt(q.shape[-1])
        if mask is not None:
            w = w.masked_fill(mask == 0, -1e9)
        w = torch.softmax(w, -1)
        w = F.dropout(w, self.p)  # <<<
        return w @ v
