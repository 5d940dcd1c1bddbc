# role: reparameterization
# verdict: wrong
# fault: sigma_detached
# object: Sampler
# about: sigma is taken by .data, so logvar has no gradient

import torch
import torch.nn as nn


class Sampler(nn.Module):
    def forward(self, mu, logvar):
        std = (0.5 * logvar).exp().data  # <<<
        eps = torch.randn_like(mu)
        z = mu + std * eps
        return z
