# role: aae
# verdict: right
# object: module
# about: PyTorch-GAN style: one joint G optimizer, 0.001 adversarial + 0.999 L1, sigmoid + BCELoss

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
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(512, 512),
            nn.BatchNorm1d(512),
            nn.LeakyReLU(0.2, inplace=True),
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
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(512, 512),
            nn.BatchNorm1d(512),
            nn.LeakyReLU(0.2, inplace=True),
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
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(512, 256),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(256, 1),
            nn.Sigmoid(),
        )

    def forward(self, z):
        return self.model(z)


adversarial_loss = nn.BCELoss()
pixelwise_loss = nn.L1Loss()


def train_step(encoder, decoder, discriminator, optimizer_G, optimizer_D, imgs, latent_dim):
    # Adversarial ground truths
    valid = torch.ones(imgs.shape[0], 1, device=imgs.device)
    fake = torch.zeros(imgs.shape[0], 1, device=imgs.device)

    # -----------------
    #  Train Generator
    # -----------------
    optimizer_G.zero_grad()
    encoded_imgs = encoder(imgs)
    decoded_imgs = decoder(encoded_imgs)
    g_loss = 0.001 * adversarial_loss(discriminator(encoded_imgs), valid) + 0.999 * pixelwise_loss(
        decoded_imgs, imgs
    )
    g_loss.backward()
    optimizer_G.step()

    # ---------------------
    #  Train Discriminator
    # ---------------------
    optimizer_D.zero_grad()
    # Sample noise as discriminator ground truth
    z = torch.randn(imgs.shape[0], latent_dim, device=imgs.device)
    real_loss = adversarial_loss(discriminator(z), valid)
    fake_loss = adversarial_loss(discriminator(encoded_imgs.detach()), fake)
    d_loss = 0.5 * (real_loss + fake_loss)
    d_loss.backward()
    optimizer_D.step()
    return {"g_loss": g_loss.item(), "d_loss": d_loss.item()}
