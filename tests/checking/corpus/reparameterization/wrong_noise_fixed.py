# role: reparameterization
# verdict: wrong
# fault: noise_fixed
# object: sample_z
# about: the generator is seeded in every call
import torch

SEED = 42


def sample_z(mu, logvar):
    g = torch.Generator(device=mu.device).manual_seed(SEED)  # <<<
    eps = torch.randn(mu.size(), generator=g, dtype=mu.dtype, device=mu.device)
    return mu + torch.exp(logvar * 0.5) * eps
