# role: reparameterization
# verdict: wrong
# fault: mean_detached
# object: ConvVAE
# about: the mean is detached within a convolutional VAE

import torch, torch.nn as nn
class ConvVAE(nn.Module):
    def __init__(self, in_channels=3, latent_dim=32):
        super().__init__()
        self.latent_dim = latent_dim
        self.enc = nn.Sequential(nn.Conv2d(in_channels, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.ReLU(), nn.Flatten())
        self.fc_mu = nn.Linear(16*16*16, latent_dim)
        self.fc_var = nn.Linear(16*16*16, latent_dim)
        self.dec_in = nn.Linear(latent_dim, 16*16*16)
        self.dec = nn.Sequential(nn.Unflatten(1, (16, 16, 16)), nn.ConvTranspose2d(16, 8, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(8, in_channels, 4, 2, 1))
    def forward(self, x):
        h = self.enc(x)
        mu = self.fc_mu(h)
        log_var = self.fc_var(h)
        std = torch.exp(0.5 * log_var)
        z = mu.detach() + std * torch.randn_like(std)
        return {"recon": self.dec(self.dec_in(z)), "mu": mu, "log_var": log_var}
