# role: aae
# verdict: wrong
# fault: encoder_never_stepped
# object: module
# about: three networks with an optimizer each; the joint loss steps the decoder's only

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def block(n_in, n_out):
    return [nn.Linear(n_in, n_out), nn.LeakyReLU(0.2)]


class Encoder(nn.Module):
    def __init__(self, img_shape, latent_dim):
        super().__init__()
        self.model = nn.Sequential(*block(int(np.prod(img_shape)), 512), *block(512, 512))
        self.mu = nn.Linear(512, latent_dim)
        self.logvar = nn.Linear(512, latent_dim)

    def forward(self, img):
        x = self.model(img.view(img.shape[0], -1))
        mu, logvar = self.mu(x), self.logvar(x)
        return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)


class Decoder(nn.Module):
    def __init__(self, img_shape, latent_dim):
        super().__init__()
        self.img_shape = img_shape
        self.model = nn.Sequential(
            *block(latent_dim, 512), *block(512, 512), nn.Linear(512, int(np.prod(img_shape))), nn.Tanh()
        )

    def forward(self, z):
        q = self.model(z)
        return q.view(q.shape[0], *self.img_shape)


class Discriminator(nn.Module):
    def __init__(self, latent_dim):
        super().__init__()
        self.model = nn.Sequential(*block(latent_dim, 512), *block(512, 256), nn.Linear(256, 1))

    def forward(self, z):
        return self.model(z)


def train_step(encoder, decoder, discriminator, opt_enc, opt_dec, opt_disc, imgs, latent_dim):
    """opt_enc: encoder, opt_dec: decoder, opt_disc: discriminator"""
    n = imgs.size(0)
    valid = torch.ones(n, 1, device=imgs.device)
    fake = torch.zeros(n, 1, device=imgs.device)

    # encoder, decoder
    opt_enc.zero_grad()
    opt_dec.zero_grad()
    z = encoder(imgs)
    adv = F.binary_cross_entropy_with_logits(discriminator(z), valid)
    rec = F.l1_loss(decoder(z), imgs)
    loss_g = 0.001 * adv + 0.999 * rec
    loss_g.backward()
    opt_dec.step()  # <<<

    # discriminator
    opt_disc.zero_grad()
    d_prior = discriminator(torch.randn(n, latent_dim, device=imgs.device))
    d_codes = discriminator(z.detach())
    loss_d = 0.5 * (
        F.binary_cross_entropy_with_logits(d_prior, valid) + F.binary_cross_entropy_with_logits(d_codes, fake)
    )
    loss_d.backward()
    opt_disc.step()
    return loss_g.item(), loss_d.item()
