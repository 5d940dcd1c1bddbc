# role: aae
# verdict: wrong
# fault: reconstruction_detached
# object: module
# about: the decoder is given a detached code, so the encoder never learns to reconstruct

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
F_recon = nn.MSELoss()


def train_step(encoder, decoder, discriminator, optimizer_R, optimizer_D, optimizer_G, imgs, latent_dim):
    """optimizer_R: encoder + decoder, optimizer_D: discriminator, optimizer_G: encoder"""
    valid = torch.ones(imgs.size(0), 1, device=imgs.device)
    fake = torch.zeros(imgs.size(0), 1, device=imgs.device)

    # 1. reconstruction phase
    optimizer_R.zero_grad()
    z = encoder(imgs).detach()  # <<<
    recon_loss = F_recon(decoder(z), imgs)
    recon_loss.backward()
    optimizer_R.step()

    # 2. regularization phase: discriminator
    optimizer_D.zero_grad()
    z_real = torch.randn(imgs.size(0), latent_dim, device=imgs.device)
    z_fake = encoder(imgs).detach()
    disc_loss = bce(discriminator(z_real), valid) + bce(discriminator(z_fake), fake)
    disc_loss.backward()
    optimizer_D.step()

    # 3. regularization phase: generator (= encoder)
    optimizer_G.zero_grad()
    gen_loss = bce(discriminator(encoder(imgs)), valid)
    gen_loss.backward()
    optimizer_G.step()
    return recon_loss.item(), disc_loss.item(), gen_loss.item()
