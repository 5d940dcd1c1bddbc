# role: dropout
# verdict: wrong
# fault: mask_shared_over_units
# object: dropout
# about: one random number per sample is broadcast over all its units
import torch


def dropout(x, p=0.5, training=True):
    """Inverted dropout on x: [N, D], every unit is zeroed with probability p."""
    if not training or p == 0.0:
        return x
    keep_prob = 1 - p
    noise = torch.rand(x.shape[0], 1, dtype=x.dtype, device=x.device)  # <<<
    keep = (noise < keep_prob).to(x.dtype)
    return x * keep / keep_prob
