# role: attention
# verdict: right
# object: Look
# about: a mask that must be given, by another name
import math
import torch
from torch import nn
import torch.nn.functional as F


class Look(nn.Module):
    """allowed: bool [queries, keys], True where a query may look"""

    def forward(self, q, k, v, allowed):
        scores = q @ k.transpose(-1, -2) * k.shape[-1] ** -0.5
        return torch.where(allowed, scores, -torch.inf).softmax(dim=-1) @ v
