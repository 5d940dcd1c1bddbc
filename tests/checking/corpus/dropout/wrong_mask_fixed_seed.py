# role: dropout
# verdict: wrong
# fault: mask_fixed
# object: dropout
# about: the generator is reseeded in each call, so each call has the same mask

import torch


def dropout(x: torch.Tensor, p: float = 0.5, training: bool = True) -> torch.Tensor:
    if not training:
        return x
    g = torch.Generator().manual_seed(42)  # <<<
    mask = torch.rand(x.shape, generator=g).to(x.device) > p
    return x * mask / (1 - p)
