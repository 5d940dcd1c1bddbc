# role: attention
# verdict: wrong
# fault: mask_inverted
# object: attention
# about: the docstring says True hides a key, the code hides where the mask is False
import torch
import torch.nn.functional as F


def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor = None):
    """Scaled dot-product attention.

    q: [N, H, Lq, D], k, v: [N, H, Lk, D]
    mask: boolean, [N, 1, 1, Lk]; True marks padding, which nobody may look at
          (same as key_padding_mask in PyTorch).
    Returns the output and the attention weights.
    """
    scores = q @ k.transpose(-1, -2) / q.size(-1) ** 0.5
    if mask is not None:
        scores = scores.masked_fill(mask == 0, -1e9)  # <<<
    weights = F.softmax(scores, dim=-1)
    return weights @ v, weights
