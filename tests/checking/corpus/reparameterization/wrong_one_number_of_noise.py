# role: reparameterization
# verdict: wrong
# fault: noise_shared_over_batch
# object: VAE
# about: one number of noise for all; the class cannot be made

import torch, torch.nn as nn
class VAE(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.enc = nn.Linear(cfg["pixels"], 2 * cfg["z"])
    def sample_z(self, mean, log_var):
        eps = torch.randn(1)
        return mean + eps * torch.exp(0.5 * log_var)
    def forward(self, x):
        mean, log_var = self.enc(x).chunk(2, 1)
        return self.sample_z(mean, log_var)
