# role: attention
# verdict: right
# object: dot_product_attention
# about: a thin wrapper over F.scaled_dot_product_attention, mask True = keep
import torch
import torch.nn.functional as F


def dot_product_attention(q, k, v, mask=None):
    """Fused attention.

    q, k, v: (batch, heads, length, dim)
    mask: True (or 1) where attention is allowed, broadcastable to (batch, heads, Lq, Lk)
    """
    if mask is not None:
        mask = mask.to(torch.bool)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
