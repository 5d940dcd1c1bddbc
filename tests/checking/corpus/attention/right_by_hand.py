# role: attention
# verdict: right
# object: scaled_dot_product
# about: softmax written by hand with exp and a subtracted maximum; a row with every key hidden gives zeros
import math
import torch


def masked_softmax(s, keep):
    """Softmax over the last axis, taking only the places where keep is true."""
    if keep is not None:
        s = s.masked_fill(~keep, torch.finfo(s.dtype).min)
    s = s - s.max(dim=-1, keepdim=True).values.detach()
    e = torch.exp(s)
    if keep is not None:
        e = e * keep
    return e / e.sum(dim=-1, keepdim=True).clamp_min(1e-30)


def scaled_dot_product(q, k, v, mask=None):
    # mask: 1 = look, 0 = do not look
    keep = None if mask is None else mask.bool()
    s = torch.matmul(q, k.transpose(-1, -2)) * (1.0 / math.sqrt(q.shape[-1]))
    p = masked_softmax(s, keep)
    return torch.matmul(p, v), p
