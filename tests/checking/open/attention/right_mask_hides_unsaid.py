# role: attention
# verdict: right
# object: attention
# about: True hides, and nothing says so: a question
import math
import torch
from torch import nn
import torch.nn.functional as F


def attention(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
    if mask is not None:
        scores = scores.masked_fill(mask.bool(), -1e9)
    return scores.softmax(-1) @ v
