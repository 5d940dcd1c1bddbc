# role: reparameterization
# verdict: wrong
# fault: uniform_noise
# object: VAEEncoder
# about: an encoder with heads whose noise is uniform

import torch
from torch import nn
class VAEEncoder(nn.Module):
    """x -> z; in eval mode the mean"""
    def __init__(self, x_dim, h_dim, z_dim):
        super().__init__()
        self.l1 = nn.Linear(x_dim, h_dim)
        self.l_mu = nn.Linear(h_dim, z_dim)
        self.l_lv = nn.Linear(h_dim, z_dim)
    def forward(self, x):
        h = torch.relu(self.l1(x))
        mu, lv = self.l_mu(h), self.l_lv(h)
        z = mu + torch.rand_like(mu) * torch.exp(0.5 * lv)
        return z, mu, lv
