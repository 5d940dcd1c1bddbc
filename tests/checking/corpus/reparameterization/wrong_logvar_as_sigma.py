# role: reparameterization
# verdict: wrong
# fault: logvar_as_sigma
# object: reparameterization
# about: logvar itself multiplies the noise

import torch


def reparameterization(mu, logvar):
    # z = mu + sigma * eps
    eps = torch.randn(mu.size(0), mu.size(1), device=mu.device)
    return mu + logvar * eps  # <<<
