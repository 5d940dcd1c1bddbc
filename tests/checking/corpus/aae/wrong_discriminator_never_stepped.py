# role: aae
# verdict: wrong
# fault: discriminator_never_stepped
# object: module
# about: the discriminator gets gradients but no step

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


def train_step(encoder, decoder, discriminator, ae_optim, dis_optim, gen_optim, imgs, latent_dim):
    """ae_optim: encoder + decoder, dis_optim: discriminator, gen_optim: encoder"""
    valid = torch.ones(imgs.size(0), 1, device=imgs.device)
    fake = torch.zeros(imgs.size(0), 1, device=imgs.device)

    # 1. reconstruction phase
    ae_optim.zero_grad()
    loss_r = mse(decoder(encoder(imgs)), imgs)
    loss_r.backward()
    ae_optim.step()

    # 2. regularization phase: discriminator
    dis_optim.zero_grad()
    z_prior = torch.randn(imgs.size(0), latent_dim, device=imgs.device)
    z_code = encoder(imgs).detach()
    loss_d = bce(discriminator(z_prior), valid) + bce(discriminator(z_code), fake)
    loss_d.backward()  # <<<

    # 3. regularization phase: generator (= encoder)
    gen_optim.zero_grad()
    loss_g = bce(discriminator(encoder(imgs)), valid)
    loss_g.backward()
    gen_optim.step()
    return loss_r.item(), loss_d.item(), loss_g.item()
