# role: reparameterization
# verdict: wrong
# fault: sampled_without_gradient
# object: StochasticEncoder
# about: sample() of torch.distributions, which has no gradient

import torch, torch.nn as nn
import torch.nn.functional as F
class StochasticEncoder(nn.Module):
    def __init__(self, d, hidden, latent_size):
        super().__init__()
        self.body = nn.Linear(d, hidden)
        self.mean = nn.Linear(hidden, latent_size)
        self.std = nn.Linear(hidden, latent_size)
    def forward(self, x):
        h = torch.relu(self.body(x))
        mean = self.mean(h)
        std = F.softplus(self.std(h)) + 1e-6
        dist = torch.distributions.Normal(mean, std)
        return dist.sample(), dist
