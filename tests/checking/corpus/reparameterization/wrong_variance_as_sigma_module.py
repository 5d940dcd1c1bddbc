# role: reparameterization
# verdict: wrong
# fault: variance_as_sigma
# object: Reparameterization
# about: Normal gets exp(log_var) as its scale

import torch
from torch import nn
from torch.distributions.normal import Normal


class Reparameterization(nn.Module):
    def __init__(self):
        super().__init__()

    def forward(self, z_mean, z_log_var):
        dist = Normal(z_mean, torch.exp(z_log_var))  # <<<
        return dist.rsample()
