# role: attention
# verdict: wrong
# fault: mask_inverted
# object: attend
# about: documented as True = hide but handed unchanged to F.scaled_dot_product_attention, where True = keep
import torch
import torch.nn.functional as F


def attend(query, key, value, mask=None):
    """Attention on (N, H, L, D) tensors.

    mask (bool, N x 1 x L x L): positions that are True are masked out.
    """
    if mask is not None:
        mask = mask.bool()
    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask)  # <<<
