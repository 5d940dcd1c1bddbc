# role: attention
# verdict: wrong
# fault: mask_adds_nothing
# object: attention
# about: hidden scores are filled with -1e-9 (almost zero) in place of -1e9
import math
import torch
import torch.nn.functional as F


def attention(q, k, v, mask=None, dropout=None):
    """mask: 0 for padded keys, 1 for real ones, shape [N, 1, 1, L]."""
    d_k = q.size(-1)
    scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(d_k)

    if mask is not None:
        scores = scores.masked_fill(mask == 0, -1e-9)  # <<<

    scores = F.softmax(scores, dim=-1)

    if dropout is not None:
        scores = dropout(scores)

    return torch.matmul(scores, v)
