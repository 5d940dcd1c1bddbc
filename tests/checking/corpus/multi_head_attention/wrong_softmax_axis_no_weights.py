# role: multi_head_attention
# verdict: wrong
# fault: softmax_axis
# object: PlainSelfAttention
# about: attention of the inputs themselves, softmax over the queries
import math
import torch
from torch import nn
import torch.nn.functional as F


class PlainSelfAttention(nn.Module):
    def forward(self, x):
        weights = F.softmax(torch.bmm(x, x.transpose(1, 2)), dim=1)  # <<<
        return torch.bmm(weights, x)
