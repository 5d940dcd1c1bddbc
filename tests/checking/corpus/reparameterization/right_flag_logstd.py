# role: reparameterization
# verdict: right
# object: sample_latent
# about: log of sigma, a flag for training, a KL function beside it

import torch
def sample_latent(mean, log_std, training: bool, temperature=1.0):
    """z ~ N(mean, exp(log_std)^2)"""
    if not training:
        return mean
    return torch.normal(torch.zeros_like(mean), torch.ones_like(mean)) * log_std.exp() * temperature + mean
def kl_divergence(mu, logvar):
    return -0.5 * (1 + logvar - mu ** 2 - logvar.exp()).sum(1).mean()
