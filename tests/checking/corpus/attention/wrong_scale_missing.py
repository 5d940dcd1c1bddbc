# role: attention
# verdict: wrong
# fault: scale_missing
# object: attention
# about: the scores go into the softmax without division by sqrt(d)
import torch
import torch.nn.functional as F


def attention(query, key, value, mask=None):
    """
    query, key, value: [batch, heads, len, d_k]
    mask: [batch, 1, 1, len] or [batch, 1, len, len], 0 hides a position
    """
    d_k = query.size(-1)
    scores = torch.matmul(query, key.transpose(-2, -1))  # <<<
    if mask is not None:
        scores = scores.masked_fill(mask == 0, -1e9)
    p_attn = F.softmax(scores, dim=-1)
    return torch.matmul(p_attn, value), p_attn
