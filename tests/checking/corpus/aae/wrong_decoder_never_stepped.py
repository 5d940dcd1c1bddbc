# role: aae
# verdict: wrong
# fault: decoder_never_stepped
# object: module
# about: the optimizer of the reconstruction is built on the encoder's parameters only

import numpy as np
import torch
import torch.nn as nn


class Encoder(nn.Module):
    def __init__(self, img_shape=(1, 16, 16), latent_dim=4):
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(), nn.Linear(int(np.prod(img_shape)), 128), nn.ReLU(), nn.Linear(128, latent_dim)
        )

    def forward(self, x):
        return self.net(x)


class Decoder(nn.Module):
    def __init__(self, img_shape=(1, 16, 16), latent_dim=4):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(latent_dim, 128), nn.ReLU(), nn.Linear(128, int(np.prod(img_shape))), nn.Tanh(),
            nn.Unflatten(1, tuple(img_shape)),
        )

    def forward(self, z):
        return self.net(z)


class Discriminator(nn.Module):
    def __init__(self, latent_dim=4):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(latent_dim, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, z):
        return self.net(z)


class Trainer:
    def __init__(self, encoder, decoder, discriminator, latent_dim=4, lr=2e-4):
        self.encoder, self.decoder, self.discriminator = encoder, decoder, discriminator
        self.latent_dim = latent_dim
        self.bce = nn.BCEWithLogitsLoss()
        self.mse = nn.MSELoss()
        self.opt_rec = torch.optim.Adam(encoder.parameters(), lr=lr)  # <<<
        self.opt_dis = torch.optim.Adam(discriminator.parameters(), lr=lr)
        self.opt_gen = torch.optim.Adam(encoder.parameters(), lr=lr)

    def train_step(self, imgs):
        one = torch.ones(len(imgs), 1, device=imgs.device)
        zero = torch.zeros_like(one)

        self.encoder.zero_grad()
        self.decoder.zero_grad()
        rec = self.mse(self.decoder(self.encoder(imgs)), imgs)
        rec.backward()
        self.opt_rec.step()

        self.discriminator.zero_grad()
        prior = torch.randn(len(imgs), self.latent_dim, device=imgs.device)
        codes = self.encoder(imgs).detach()
        dis = self.bce(self.discriminator(prior), one) + self.bce(self.discriminator(codes), zero)
        dis.backward()
        self.opt_dis.step()

        self.encoder.zero_grad()
        gen = self.bce(self.discriminator(self.encoder(imgs)), one)
        gen.backward()
        self.opt_gen.step()
        return rec.item(), dis.item(), gen.item()
