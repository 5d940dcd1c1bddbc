# role: attention
# verdict: wrong
# fault: softmax_axis
# object: attention
# about: on [N L D] the softmax is taken over axis 1, the queries
import math
import torch


def attention(q, k, v, mask=None):
    """q, k, v: [N, L, D]; mask: [N, L, L], zeros are ignored."""
    scores = torch.bmm(q, k.permute(0, 2, 1)) / math.sqrt(k.shape[2])
    if mask is not None:
        scores = scores.masked_fill(mask == 0, -1e9)
    weights = torch.softmax(scores, dim=1)  # <<<
    return torch.bmm(weights, v), weights
