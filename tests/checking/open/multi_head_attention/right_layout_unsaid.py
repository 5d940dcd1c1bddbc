# role: multi_head_attention
# verdict: right
# object: Wrapped
# about: nothing says whether steps or samples come first: a question
import math
import torch
from torch import nn
import torch.nn.functional as F


class Wrapped(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.inner = nn.MultiheadAttention(width, heads)

    def forward(self, x):
        return self.inner(x, x, x)[0]
