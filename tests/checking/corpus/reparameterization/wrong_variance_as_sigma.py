# role: reparameterization
# verdict: wrong
# fault: variance_as_sigma
# object: reparameterize
# about: exp(logvar), the variance, stands for sigma

import torch


def reparameterize(mu, logvar):
    std = logvar.exp()  # <<<
    eps = torch.randn_like(std)
    return eps.mul(std).add_(mu)
