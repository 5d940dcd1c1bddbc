# role: reparameterization
# verdict: wrong
# fault: sampled_without_gradient
# object: reparameterization
# about: sample() of Normal where rsample() is needed, so neither mu nor logvar learns

import torch
from torch.distributions import Normal


def reparameterization(mu, logvar):
    std = torch.exp(logvar / 2)
    q_z = Normal(mu, std)
    return q_z.sample()  # <<<
