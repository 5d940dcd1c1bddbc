# role: aae
# verdict: wrong
# fault: prior_fixed
# object: module
# about: the samples of the prior are drawn once and the same ones are shown in every step
# round: held-out

from types import SimpleNamespace

import torch
import torch.nn as nn
import torch.nn.functional as F

opt = SimpleNamespace(img_size=16, channels=1, latent_dim=5, batch_size=64)
fixed_z = torch.randn(opt.batch_size, opt.latent_dim)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(opt.channels * opt.img_size ** 2, 200), nn.LeakyReLU(0.2))
        self.mu = nn.Linear(200, opt.latent_dim)
        self.logvar = nn.Linear(200, opt.latent_dim)

    def forward(self, img):
        h = self.trunk(img.flatten(start_dim=1))
        mu, std = self.mu(h), (self.logvar(h) / 2).exp()
        return mu + std * torch.randn_like(std)


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Linear(opt.latent_dim, 200), nn.LeakyReLU(0.2),
            nn.Linear(200, opt.channels * opt.img_size ** 2), nn.Tanh(),
        )

    def forward(self, z):
        return self.trunk(z).view(-1, opt.channels, opt.img_size, opt.img_size)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(opt.latent_dim, 100), nn.LeakyReLU(0.2), nn.Linear(100, 1))

    def forward(self, z):
        return self.trunk(z)


def train_step(encoder, decoder, discriminator, optimizer_G, optimizer_D, real_imgs):
    valid = torch.ones(real_imgs.size(0), 1).type_as(real_imgs)
    fake = torch.zeros(real_imgs.size(0), 1).type_as(real_imgs)

    optimizer_G.zero_grad()
    encoded = encoder(real_imgs)
    adv = F.binary_cross_entropy_with_logits(discriminator(encoded), valid)
    pix = F.l1_loss(decoder(encoded), real_imgs)
    g_loss = 0.001 * adv + 0.999 * pix
    g_loss.backward()
    optimizer_G.step()

    optimizer_D.zero_grad()
    z = fixed_z[:real_imgs.size(0)].type_as(real_imgs)  # <<<
    real_loss = F.binary_cross_entropy_with_logits(discriminator(z), valid[:z.size(0)])
    fake_loss = F.binary_cross_entropy_with_logits(discriminator(encoded.detach()), fake)
    d_loss = (real_loss + fake_loss) / 2
    d_loss.backward()
    optimizer_D.step()
    return g_loss.item(), d_loss.item()
