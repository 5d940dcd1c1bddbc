# role: aae
# verdict: wrong
# fault: discriminator_in_generator_optimizer
# object: module
# about: the optimizer of the joint loss holds all parameters, so the discriminator is also trained to be fooled
# round: held-out

import math

import torch
import torch.nn as nn


class AAE(nn.Module):
    def __init__(self, img_shape=(1, 16, 16), latent_dim=4, hidden=128, lr=1e-3):
        super().__init__()
        self.latent_dim = latent_dim
        pixels = math.prod(img_shape)
        self.encoder = nn.Sequential(
            nn.Flatten(), nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, latent_dim)
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, hidden), nn.ReLU(), nn.Linear(hidden, pixels), nn.Tanh(),
            nn.Unflatten(1, img_shape),
        )
        self.discriminator = nn.Sequential(nn.Linear(latent_dim, hidden), nn.ReLU(), nn.Linear(hidden, 1))
        self.criterion = nn.BCEWithLogitsLoss()
        self.opt_g = torch.optim.Adam(self.parameters(), lr=lr)  # <<<
        self.opt_d = torch.optim.Adam(self.discriminator.parameters(), lr=lr)

    def forward(self, x):
        z = self.encoder(x)
        return self.decoder(z), z

    def train_step(self, imgs):
        ones = torch.ones(imgs.size(0), 1, device=imgs.device)
        zeros = torch.zeros(imgs.size(0), 1, device=imgs.device)

        # discriminator
        z_real = torch.randn(imgs.size(0), self.latent_dim, device=imgs.device)
        z_fake = self.encoder(imgs).detach()
        d_loss = self.criterion(self.discriminator(z_real), ones) + self.criterion(self.discriminator(z_fake), zeros)
        self.opt_d.zero_grad()
        d_loss.backward()
        self.opt_d.step()

        # encoder + decoder
        recon, z = self(imgs)
        g_loss = nn.functional.mse_loss(recon, imgs) + 0.01 * self.criterion(self.discriminator(z), ones)
        self.opt_g.zero_grad()
        g_loss.backward()
        self.opt_g.step()
        return {"d_loss": d_loss.item(), "g_loss": g_loss.item()}
