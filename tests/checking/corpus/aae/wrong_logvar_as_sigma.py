# role: aae
# verdict: wrong
# fault: logvar_as_sigma
# object: module
# about: the encoder multiplies the noise by logvar itself

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor


class Encoder(nn.Module):
    """q(z|x) = N(mu, sigma^2)"""

    def __init__(self, latent_dim: int, img_shape: tuple = (1, 28, 28), h_dim: int = 256):
        super().__init__()
        self.fc1 = nn.Linear(math.prod(img_shape), h_dim)
        self.fc2 = nn.Linear(h_dim, h_dim)
        self.mu = nn.Linear(h_dim, latent_dim)
        self.logvar = nn.Linear(h_dim, latent_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = F.relu(self.fc1(x.flatten(1)))
        x = F.relu(self.fc2(x))
        mu, logvar = self.mu(x), self.logvar(x)
        z = mu + logvar * torch.randn_like(mu)  # <<<
        return z, mu, logvar


class Decoder(nn.Module):
    def __init__(self, latent_dim: int, img_shape: tuple = (1, 28, 28), h_dim: int = 256):
        super().__init__()
        self.img_shape = img_shape
        self.net = nn.Sequential(
            nn.Linear(latent_dim, h_dim), nn.Dropout(0.2), nn.ReLU(),
            nn.Linear(h_dim, h_dim), nn.Dropout(0.2), nn.ReLU(),
            nn.Linear(h_dim, math.prod(img_shape)), nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z).unflatten(1, self.img_shape)


class Discriminator(nn.Module):
    def __init__(self, latent_dim: int, h_dim: int = 256):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(latent_dim, h_dim), nn.LeakyReLU(0.2),
            nn.Linear(h_dim, h_dim), nn.LeakyReLU(0.2),
            nn.Linear(h_dim, 1),
        )

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z).squeeze(1)


def train_step(encoder, decoder, discriminator, optim_ae, optim_d, imgs, z_prior):
    """optim_ae holds encoder and decoder; z_prior [N, latent_dim] is drawn from N(0, I) by the caller"""
    encoder.train(), decoder.train(), discriminator.train()
    # zero both here
    optim_ae.zero_grad()
    optim_d.zero_grad()

    # 판별자 학습
    z_fake = encoder(imgs)[0].detach()
    d_loss = F.softplus(-discriminator(z_prior)).mean() + F.softplus(discriminator(z_fake)).mean()
    d_loss.backward()
    optim_d.step()

    # autoencoder
    z, mu, logvar = encoder(imgs)
    recon = F.mse_loss(decoder(z), imgs)
    adv = F.softplus(-discriminator(z)).mean()
    loss = recon + 0.05 * adv
    loss.backward()
    optim_ae.step()
    return recon.item(), d_loss.item(), adv.item()
