# role: reparameterization
# verdict: wrong
# fault: sigma_wrong
# object: reparameterize
# about: the half stands before exp and not inside
import torch
from torch import Tensor


def reparameterize(mu: Tensor, logvar: Tensor) -> Tensor:
    """z = mu + sigma * eps, eps ~ N(0, I)"""
    std = 0.5 * torch.exp(logvar)  # <<<
    eps = torch.randn_like(std)
    return eps.mul(std).add_(mu)
