# role: aae
# verdict: wrong
# fault: kl_added
# object: module
# about: a KL term of a VAE is added to the adversarial loss, which already matches the codes to the prior

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor


class Encoder(nn.Module):
    """q(z|x) = N(mu, sigma^2)"""

    def __init__(self, latent_dim: int, img_shape: tuple = (1, 28, 28), hidden: int = 256):
        super().__init__()
        self.fc1 = nn.Linear(math.prod(img_shape), hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.mu = nn.Linear(hidden, latent_dim)
        self.logvar = nn.Linear(hidden, latent_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = F.relu(self.fc1(x.flatten(1)))
        x = F.relu(self.fc2(x))
        mu, logvar = self.mu(x), self.logvar(x)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        return z, mu, logvar


class Decoder(nn.Module):
    def __init__(self, latent_dim: int, img_shape: tuple = (1, 28, 28), hidden: int = 256):
        super().__init__()
        self.img_shape = img_shape
        self.net = nn.Sequential(
            nn.Linear(latent_dim, hidden), nn.Dropout(0.2), nn.ReLU(),
            nn.Linear(hidden, hidden), nn.Dropout(0.2), nn.ReLU(),
            nn.Linear(hidden, math.prod(img_shape)), nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z).unflatten(1, self.img_shape)


class Discriminator(nn.Module):
    def __init__(self, latent_dim: int, hidden: int = 256):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(latent_dim, hidden), nn.LeakyReLU(0.2),
            nn.Linear(hidden, hidden), nn.LeakyReLU(0.2),
            nn.Linear(hidden, 1),
        )

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z).squeeze(1)


def train_step(encoder, decoder, discriminator, opt_ae, opt_d, imgs, z_sampled):
    """opt_ae holds encoder and decoder; z_sampled [N, latent_dim] is drawn from N(0, I) by the caller"""
    encoder.train(), decoder.train(), discriminator.train()
    # zero both here
    opt_ae.zero_grad()
    opt_d.zero_grad()

    # 판별자 학습
    z_fake = encoder(imgs)[0].detach()
    d_loss = F.softplus(-discriminator(z_sampled)).mean() + F.softplus(discriminator(z_fake)).mean()
    d_loss.backward()
    opt_d.step()

    # autoencoder
    z, mu, logvar = encoder(imgs)
    recon = F.mse_loss(decoder(z), imgs)
    g_adv = F.softplus(-discriminator(z)).mean()
    kl = -0.5 * torch.mean(torch.sum(1 + logvar - mu.pow(2) - logvar.exp(), dim=1))
    loss = recon + 0.05 * g_adv + kl  # <<<
    loss.backward()
    opt_ae.step()
    return recon.item(), d_loss.item(), g_adv.item()
