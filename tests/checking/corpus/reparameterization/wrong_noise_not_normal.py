# role: reparameterization
# verdict: wrong
# fault: uniform_noise
# object: reparameterization
# about: noise is uniform on [-1, 1]
import numpy as np
import torch


def reparameterization(mu, logvar):
    std = torch.exp(logvar / 2)
    sampled_z = torch.as_tensor(np.random.uniform(-1, 1, tuple(mu.shape)), dtype=mu.dtype, device=mu.device)  # <<<
    z = sampled_z * std + mu
    return z
