# role: aae
# verdict: wrong
# fault: generator_wants_fake
# object: module
# about: the encoder is trained towards the label fake

import numpy as np
import torch
import torch.nn as nn


def reparameterization(mu, logvar):
    std = torch.exp(logvar / 2)
    sampled_z = torch.randn_like(std)
    return sampled_z * std + mu


class Encoder(nn.Module):
    def __init__(self, img_shape=(1, 32, 32), latent_dim=10):
        super(Encoder, self).__init__()
        self.model = nn.Sequential(
            nn.Linear(int(np.prod(img_shape)), 512),
            nn.ReLU(),
            nn.Linear(512, 512),
            nn.BatchNorm1d(512),
            nn.ReLU(),
        )
        self.mu = nn.Linear(512, latent_dim)
        self.logvar = nn.Linear(512, latent_dim)

    def forward(self, img):
        img_flat = img.view(img.shape[0], -1)
        x = self.model(img_flat)
        mu = self.mu(x)
        logvar = self.logvar(x)
        z = reparameterization(mu, logvar)
        return z


class Decoder(nn.Module):
    def __init__(self, img_shape=(1, 32, 32), latent_dim=10):
        super(Decoder, self).__init__()
        self.img_shape = img_shape
        self.model = nn.Sequential(
            nn.Linear(latent_dim, 512),
            nn.ReLU(),
            nn.Linear(512, 512),
            nn.BatchNorm1d(512),
            nn.ReLU(),
            nn.Linear(512, int(np.prod(img_shape))),
            nn.Tanh(),
        )

    def forward(self, z):
        img_flat = self.model(z)
        return img_flat.view(img_flat.shape[0], *self.img_shape)


class Discriminator(nn.Module):
    def __init__(self, latent_dim=10):
        super(Discriminator, self).__init__()
        self.model = nn.Sequential(
            nn.Linear(latent_dim, 512),
            nn.ReLU(),
            nn.Linear(512, 256),
            nn.ReLU(),
            nn.Linear(256, 1),
            nn.Sigmoid(),
        )

    def forward(self, z):
        return self.model(z)


gan_loss = nn.BCELoss()
l1 = nn.L1Loss()


def train_step(encoder, decoder, discriminator, g_optim, d_optim, imgs, latent_dim):
    # Adversarial ground truths
    valid = torch.ones(imgs.shape[0], 1, device=imgs.device)
    fake = torch.zeros(imgs.shape[0], 1, device=imgs.device)

    # -----------------
    #  Train Generator
    # -----------------
    g_optim.zero_grad()
    code = encoder(imgs)
    recon = decoder(code)
    g_loss = 0.001 * gan_loss(discriminator(code), fake) + 0.999 * l1(recon, imgs)  # <<<
    g_loss.backward()
    g_optim.step()

    # ---------------------
    #  Train Discriminator
    # ---------------------
    d_optim.zero_grad()
    # Sample noise as discriminator ground truth
    z = torch.randn(imgs.shape[0], latent_dim, device=imgs.device)
    real_loss = gan_loss(discriminator(z), valid)
    fake_loss = gan_loss(discriminator(code.detach()), fake)
    d_loss = 0.5 * (real_loss + fake_loss)
    d_loss.backward()
    d_optim.step()
    return {"g_loss": g_loss.item(), "d_loss": d_loss.item()}
