# role: reparameterization
# verdict: wrong
# fault: uniform_noise
# object: reparameterization
# about: rand_like is uniform on [0, 1)

import torch
from torch import Tensor


def reparameterization(mu: Tensor, logvar: Tensor) -> Tensor:
    sigma = torch.exp(0.5 * logvar)
    epsilon = torch.rand_like(sigma)  # <<<
    return mu + sigma * epsilon
