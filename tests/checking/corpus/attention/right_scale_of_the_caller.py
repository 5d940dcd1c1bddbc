# role: attention
# verdict: right
# object: dot_attention
# about: the scale is the caller's; heads after the length
import math
import torch
from torch import nn
import torch.nn.functional as F


def dot_attention(q, k, v, scale):
    scores = torch.einsum("nlhd,nshd->nhls", q, k) * scale
    return torch.einsum("nhls,nshd->nlhd", scores.softmax(-1), v)
