# role: reparameterization
# verdict: right
# object: reparameterization
# about: the notes' function, exp(logvar / 2)

import torch


def reparameterization(mu, logvar):
    std = torch.exp(logvar / 2)
    eps = torch.randn_like(std)
    z = mu + eps * std
    return z
