# role: attention
# verdict: wrong
# fault: scale_missing
# object: attend
# about: scale=1.0 is handed to scaled_dot_product_attention, which switches its scaling off
# round: held-out
import torch
import torch.nn.functional as F


def attend(q, k, v, *, keep=None, scale=1.0):
    """Scaled dot-product attention; q [..., Lq, D], k and v [..., Lk, D], keep: True = may be seen"""
    return F.scaled_dot_product_attention(q, k, v, attn_mask=keep, scale=scale)  # <<<
