# role: aae
# verdict: wrong
# fault: labels_swapped
# object: module
# about: the discriminator learns to call codes real and prior samples fake, while the encoder goes on seeking the label real

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


bce = nn.BCEWithLogitsLoss()
mse = nn.MSELoss()


def train_step(encoder, decoder, discriminator, opt_recon, opt_disc, opt_gen, imgs, latent_dim):
    """opt_recon: encoder + decoder, opt_disc: discriminator, opt_gen: encoder"""
    valid = torch.ones(imgs.size(0), 1, device=imgs.device)
    fake = torch.zeros(imgs.size(0), 1, device=imgs.device)

    # 1. reconstruction phase
    opt_recon.zero_grad()
    recon_loss = mse(decoder(encoder(imgs)), imgs)
    recon_loss.backward()
    opt_recon.step()

    # 2. regularization phase: discriminator
    opt_disc.zero_grad()
    z_real = torch.randn(imgs.size(0), latent_dim, device=imgs.device)
    z_fake = encoder(imgs).detach()
    disc_loss = bce(discriminator(z_fake), valid) + bce(discriminator(z_real), fake)  # <<<
    disc_loss.backward()
    opt_disc.step()

    # 3. regularization phase: generator (= encoder)
    opt_gen.zero_grad()
    gen_loss = bce(discriminator(encoder(imgs)), valid)
    gen_loss.backward()
    opt_gen.step()
    return recon_loss.item(), disc_loss.item(), gen_loss.item()
