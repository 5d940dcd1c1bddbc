# role: aae
# verdict: right
# object: module
# about: the labels the other way round and consistently so (codes 1, prior 0, the encoder wants 0), both halves in one batch
# round: held-out

import torch
import torch.nn as nn
import torch.nn.functional as F

PRIOR, CODE = 0.0, 1.0


class Encoder(nn.Module):
    def __init__(self, img_shape=(1, 32, 32), latent_dim=6):
        super().__init__()
        c, h, w = img_shape
        self.lin1 = nn.Linear(c * h * w, 256)
        self.lin2 = nn.Linear(256, 256)
        self.lin3 = nn.Linear(256, latent_dim)

    def forward(self, x):
        x = F.relu(self.lin1(x.flatten(1)))
        x = F.relu(self.lin2(x))
        return self.lin3(x)


class Decoder(nn.Module):
    def __init__(self, img_shape=(1, 32, 32), latent_dim=6):
        super().__init__()
        c, h, w = img_shape
        self.img_shape = img_shape
        self.lin1 = nn.Linear(latent_dim, 256)
        self.lin2 = nn.Linear(256, c * h * w)

    def forward(self, z):
        return torch.tanh(self.lin2(F.relu(self.lin1(z)))).view(z.size(0), *self.img_shape)


class Discriminator(nn.Module):
    """How much does z look like the output of the encoder? (logit)"""

    def __init__(self, latent_dim=6):
        super().__init__()
        self.lin1 = nn.Linear(latent_dim, 128)
        self.lin2 = nn.Linear(128, 1)

    def forward(self, z):
        return self.lin2(F.leaky_relu(self.lin1(z), 0.2)).squeeze(1)


def score(logits, label):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


def train_step(encoder, decoder, discriminator, opt_ae, opt_disc, imgs, latent_dim, weight=0.05):
    """opt_ae: encoder + decoder, opt_disc: discriminator"""
    # Discriminator 먼저
    z = encoder(imgs)
    z_prior = torch.randn(z.size(0), latent_dim, dtype=z.dtype, device=z.device)
    logit_prior, logit_code = discriminator(torch.cat([z_prior, z.detach()])).chunk(2)
    loss_disc = score(logit_prior, PRIOR) + score(logit_code, CODE)
    opt_disc.zero_grad()
    loss_disc.backward()
    opt_disc.step()

    # Encoder + Decoder
    loss_rec = F.mse_loss(decoder(z), imgs)
    loss_adv = score(discriminator(z), PRIOR)
    opt_ae.zero_grad()
    (loss_rec + weight * loss_adv).backward()
    opt_ae.step()
    return loss_rec.item(), loss_adv.item(), loss_disc.item()
