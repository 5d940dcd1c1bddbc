# role: attention
# verdict: right
# object: attention
# about: two axes: one sequence
import math
import torch
from torch import nn
import torch.nn.functional as F


def attention(Q, K, V):
    scores = Q @ K.T / math.sqrt(Q.shape[1])
    return torch.softmax(scores, dim=1) @ V
