# role: reparameterization
# verdict: right
# object: reparameterization
# about: PyTorch-GAN style, the noise is drawn by numpy

import numpy as np
import torch


def reparameterization(mu, logvar):
    std = torch.exp(logvar / 2)
    sampled_z = torch.tensor(np.random.normal(0, 1, tuple(mu.size())), dtype=mu.dtype, device=mu.device)
    z = sampled_z * std + mu
    return z
