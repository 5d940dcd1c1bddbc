# role: attention
# verdict: wrong
# fault: keys_as_values
# object: attention
# about: the weights are applied to the keys, the values are never read
import numpy as np
import torch
import torch.nn.functional as F


def attention(Q, K, V, mask=None):
    d_K = K.size()[-1]
    K_t = K.transpose(-2, -1)
    scores = Q.matmul(K_t) / np.sqrt(d_K)
    if mask is not None:
        scores = scores.masked_fill(mask == 0, -1e9)  # mask가 0이면 가린다
    attention = F.softmax(scores, dim=-1)
    out = attention.matmul(K)  # <<<
    return out, attention
