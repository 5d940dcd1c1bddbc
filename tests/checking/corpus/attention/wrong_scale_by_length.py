# role: attention
# verdict: wrong
# fault: scale_by_length
# object: scaled_dot_product
# about: d_k is read from the axis of the sequence
import math
import torch


def scaled_dot_product(q, k, v, mask=None):
    """
    q: (batch, seq_q, d_k), k: (batch, seq_k, d_k), v: (batch, seq_k, d_v)
    mask: 0 where a key must not be seen
    """
    d_k = q.size(1)  # <<<
    attn_logits = torch.matmul(q, k.transpose(-2, -1))
    attn_logits = attn_logits / math.sqrt(d_k)
    if mask is not None:
        attn_logits = attn_logits.masked_fill(mask == 0, float('-inf'))
    attention = torch.softmax(attn_logits, dim=-1)
    values = torch.matmul(attention, v)
    return values, attention
