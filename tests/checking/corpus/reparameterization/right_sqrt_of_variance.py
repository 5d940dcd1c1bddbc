# role: reparameterization
# verdict: right
# object: reparametrize
# about: takes the root of exp(logvar) and addcmul

import torch


def reparametrize(mu, log_var):
    sigma = torch.sqrt(torch.exp(log_var))
    noise = torch.empty_like(sigma).normal_()
    return torch.addcmul(mu, noise, sigma)
