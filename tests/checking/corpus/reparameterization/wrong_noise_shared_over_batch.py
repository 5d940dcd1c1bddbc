# role: reparameterization
# verdict: wrong
# fault: noise_shared_over_batch
# object: reparameterization
# about: one noise vector of the latent size is broadcast over the samples

import torch


def reparameterization(mu, logvar):
    """mu, logvar: [N, latent_dim]"""
    latent_dim = mu.shape[-1]
    std = torch.exp(logvar / 2)
    sampled_z = torch.randn(latent_dim, device=mu.device, dtype=mu.dtype)  # <<<
    z = sampled_z * std + mu
    return z
