# role: reparameterization
# verdict: wrong
# fault: sigma_unused
# object: Sampler
# about: sigma is worked out and the bare noise is added
import torch
import torch.nn as nn


class Sampler(nn.Module):
    """Draws z from N(mu, sigma^2) with the reparameterization trick."""

    def forward(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return mu + eps  # <<<
