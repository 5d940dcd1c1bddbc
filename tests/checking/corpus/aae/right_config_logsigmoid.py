# role: aae
# verdict: right
# object: module
# about: one class holds the nets and builds its optimizers, losses through logsigmoid, the other player is frozen in each phase
# round: held-out

import math
from dataclasses import dataclass, field
from typing import Dict, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass
class AAEConfig:
    img_shape: Tuple[int, int, int] = (1, 16, 16)
    latent_dim: int = 4
    widths: Tuple[int, ...] = (128, 64)
    lr: Dict[str, float] = field(default_factory=lambda: {"ae": 1e-3, "disc": 1e-3, "gen": 1e-3})


def mlp(*sizes):
    layers = []
    for a, b in zip(sizes[:-1], sizes[1:]):
        layers += [nn.Linear(a, b), nn.ELU()]
    return nn.Sequential(*layers[:-1])


class AdversarialAutoencoder(nn.Module):
    def __init__(self, cfg: AAEConfig = AAEConfig()):
        super().__init__()
        self.cfg = cfg
        n_pixels = math.prod(cfg.img_shape)
        self.encoder = nn.Sequential(nn.Flatten(), mlp(n_pixels, *cfg.widths, cfg.latent_dim))
        self.decoder = nn.Sequential(
            mlp(cfg.latent_dim, *cfg.widths[::-1], n_pixels), nn.Tanh(), nn.Unflatten(1, cfg.img_shape)
        )
        self.discriminator = mlp(cfg.latent_dim, *cfg.widths, 1)

    def configure_optimizers(self):
        adam, lr = torch.optim.Adam, self.cfg.lr
        return (
            adam([*self.encoder.parameters(), *self.decoder.parameters()], lr=lr["ae"]),
            adam(self.discriminator.parameters(), lr=lr["disc"]),
            adam(self.encoder.parameters(), lr=lr["gen"]),
        )

    def prior(self, n: int, like: Tensor) -> Tensor:
        return torch.randn(n, self.cfg.latent_dim, dtype=like.dtype, device=like.device)

    def forward(self, imgs):
        return self.decoder(self.encoder(imgs))

    def training_step(self, imgs: Tensor, optimizers) -> Dict[str, float]:
        ae, disc, gen = optimizers

        # reconstruction phase
        ae.zero_grad()
        recon = F.mse_loss(self(imgs), imgs)
        recon.backward()
        ae.step()

        # regularisation phase, discriminator
        disc.zero_grad()
        with torch.no_grad():
            codes = self.encoder(imgs)
        real, fake = self.discriminator(self.prior(len(imgs), codes)), self.discriminator(codes)
        d_loss = -(F.logsigmoid(real) + F.logsigmoid(-fake)).mean()
        d_loss.backward()
        disc.step()

        # regularisation phase, encoder
        self.discriminator.requires_grad_(False)
        gen.zero_grad()
        g_loss = -F.logsigmoid(self.discriminator(self.encoder(imgs))).mean()
        g_loss.backward()
        gen.step()
        self.discriminator.requires_grad_(True)
        return {"recon": recon.item(), "disc": d_loss.item(), "gen": g_loss.item()}
