# role: aae
# verdict: wrong
# fault: zero_grad_missing
# object: module
# about: the discriminator's gradients are never cleared (its own ones and those of the generator phase add up)

import numpy as np
import torch
import torch.nn as nn


class Encoder(nn.Module):
    def __init__(self, img_shape, latent_dim):
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(int(np.prod(img_shape)), 512),
            nn.ReLU(),
            nn.Linear(512, 512),
            nn.ReLU(),
            nn.Linear(512, latent_dim),
        )

    def forward(self, img):
        return self.model(img.view(img.shape[0], -1))


class Decoder(nn.Module):
    def __init__(self, img_shape, latent_dim):
        super().__init__()
        self.img_shape = img_shape
        self.model = nn.Sequential(
            nn.Linear(latent_dim, 512),
            nn.ReLU(),
            nn.Linear(512, 512),
            nn.ReLU(),
            nn.Linear(512, int(np.prod(img_shape))),
            nn.Tanh(),
        )

    def forward(self, z):
        return self.model(z).view(z.shape[0], *self.img_shape)


class Discriminator(nn.Module):
    """logit of 'z comes from the prior N(0, 1)'"""

    def __init__(self, latent_dim):
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(latent_dim, 512),
            nn.ReLU(),
            nn.Linear(512, 256),
            nn.ReLU(),
            nn.Linear(256, 1),
        )

    def forward(self, z):
        return self.model(z)


criterion = nn.BCEWithLogitsLoss()
reconstruction = nn.MSELoss()


def train_step(encoder, decoder, discriminator, optim_AE, optim_D, optim_G, imgs, latent_dim):
    """optim_AE: encoder + decoder, optim_D: discriminator, optim_G: encoder"""
    ones = torch.ones(imgs.size(0), 1, device=imgs.device)
    zeros = torch.zeros(imgs.size(0), 1, device=imgs.device)

    # 1. reconstruction phase
    optim_AE.zero_grad()
    recon_loss = reconstruction(decoder(encoder(imgs)), imgs)
    recon_loss.backward()
    optim_AE.step()

    # 2. regularization phase: discriminator
    z_real = torch.randn(imgs.size(0), latent_dim, device=imgs.device)
    z_fake = encoder(imgs).detach()
    disc_loss = criterion(discriminator(z_real), ones) + criterion(discriminator(z_fake), zeros)
    disc_loss.backward()
    optim_D.step()  # <<<

    # 3. regularization phase: generator (= encoder)
    optim_G.zero_grad()
    gen_loss = criterion(discriminator(encoder(imgs)), ones)
    gen_loss.backward()
    optim_G.step()
    return recon_loss.item(), disc_loss.item(), gen_loss.item()
