# role: reparameterization
# verdict: wrong
# fault: sigma_wrong
# object: GaussianSample
# about: softplus of logvar is taken for sigma
import torch
import torch.nn as nn
import torch.nn.functional as F


class GaussianSample(nn.Module):
    def forward(self, mu, logvar):
        sigma = F.softplus(logvar)  # <<<
        return mu + sigma * torch.randn_like(mu)
