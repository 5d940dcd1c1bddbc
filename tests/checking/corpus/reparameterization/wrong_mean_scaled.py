# role: reparameterization
# verdict: wrong
# fault: mean_scaled
# object: Reparameterize
# about: brackets put mu inside the product with sigma
import torch
from torch import nn


class Reparameterize(nn.Module):
    def forward(self, mu, logvar):
        sigma = (logvar / 2).exp()
        noise = torch.randn(mu.shape, device=mu.device, dtype=mu.dtype)
        z = (mu + noise) * sigma  # <<<
        return z
