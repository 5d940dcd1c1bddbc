# role: attention
# verdict: wrong
# fault: scale_by_axes
# object: attention
# about: dim() is the number of axes
import math
import torch
from torch import nn
import torch.nn.functional as F


def attention(query, key, value):
    scores = query @ key.transpose(-2, -1) / math.sqrt(key.dim())  # <<<
    return F.softmax(scores, dim=-1) @ value
