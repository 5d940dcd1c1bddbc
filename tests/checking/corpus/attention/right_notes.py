# role: attention
# verdict: right
# object: attention
# about: plain function in lecture-note style, 0 in the mask hides a key, returns (out, weights)
import numpy as np
import torch
import torch.nn.functional as F


def attention(Q, K, V, mask=None):
    # Q [N x H x L x D], K, V 도 같은 크기
    d_K = K.size()[-1]  # Key 차원
    scores = Q.matmul(K.transpose(-2, -1)) / np.sqrt(d_K)
    if mask is not None:
        scores = scores.masked_fill(mask == 0, -1e9)
    attention = F.softmax(scores, dim=-1)
    out = attention.matmul(V)
    return out, attention
