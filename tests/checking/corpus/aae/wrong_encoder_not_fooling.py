# role: aae
# verdict: wrong
# fault: encoder_not_fooling
# object: module
# about: the generator's loss takes detached codes, so its gradient ends before the encoder

import torch
from torch import nn
from torch.nn import functional as F


class Encoder(nn.Module):
    def __init__(self, img_shape=(1, 28, 28), latent_dim=2, hidden=200):
        super().__init__()
        C, H, W = img_shape
        self.body = nn.Sequential(nn.Linear(C * H * W, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.head = nn.Linear(hidden, latent_dim)

    def forward(self, img):
        return self.head(self.body(img.reshape(img.size(0), -1)))


class Decoder(nn.Module):
    def __init__(self, img_shape=(1, 28, 28), latent_dim=2, hidden=200):
        super().__init__()
        C, H, W = img_shape
        self.img_shape = img_shape
        self.body = nn.Sequential(nn.Linear(latent_dim, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.head = nn.Linear(hidden, C * H * W)

    def forward(self, z):
        return torch.tanh(self.head(self.body(z))).reshape(z.size(0), *self.img_shape)


class Discriminator(nn.Module):
    def __init__(self, latent_dim=2, hidden=200):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(latent_dim, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.head = nn.Linear(hidden, 1)

    def forward(self, z):
        return self.head(self.body(z))


def train_step(encoder, decoder, discriminator, opt_ae, opt_d, imgs, latent_dim):
    """opt_ae: encoder + decoder, opt_d: discriminator"""
    N = imgs.size(0)
    ones, zeros = imgs.new_ones(N, 1), imgs.new_zeros(N, 1)

    z_fake = encoder(imgs)
    z_fake_d = z_fake.detach()

    # discriminator
    opt_d.zero_grad()
    z_real = torch.randn(N, latent_dim, dtype=imgs.dtype, device=imgs.device)
    d_loss = F.binary_cross_entropy_with_logits(discriminator(z_real), ones)
    d_loss = d_loss + F.binary_cross_entropy_with_logits(discriminator(z_fake_d), zeros)
    d_loss.backward()
    opt_d.step()

    # autoencoder
    opt_ae.zero_grad()
    recon_loss = F.mse_loss(decoder(z_fake), imgs)
    g_loss = F.binary_cross_entropy_with_logits(discriminator(z_fake_d), ones)  # <<<
    (recon_loss + 0.1 * g_loss).backward()
    opt_ae.step()
    return {"recon": recon_loss.item(), "d": d_loss.item(), "g": g_loss.item()}
