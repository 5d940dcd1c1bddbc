# role: reparameterization
# verdict: right
# object: Sampling
# about: a module that calls rsample of torch.distributions.Normal

import torch
import torch.nn as nn
from torch.distributions import Normal


class Sampling(nn.Module):
    """z ~ N(mu, sigma), gradient로 학습 가능"""

    def forward(self, mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
        sigma = logvar.mul(0.5).exp()
        return Normal(mu, sigma).rsample()
