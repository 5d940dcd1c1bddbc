# role: reparameterization
# verdict: wrong
# fault: noise_missing
# object: reparametrize
# about: mu + sigma with no noise at all

import torch


def reparametrize(mu, logvar):
    sigma = torch.exp(0.5 * logvar)
    z = mu + sigma  # <<<
    return z
