# role: reparameterization
# verdict: right
# object: VariationalAutoencoder
# about: drawn within the forward of a VAE, no method

import torch, torch.nn as nn
class VariationalAutoencoder(nn.Module):
    def __init__(self, input_dim=784, h=128, latent_dim=16):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(input_dim, h), nn.ReLU())
        self.to_mu = nn.Linear(h, latent_dim)
        self.to_logvar = nn.Linear(h, latent_dim)
        self.decoder = nn.Sequential(nn.Linear(latent_dim, h), nn.ReLU(), nn.Linear(h, input_dim), nn.Sigmoid())
    def forward(self, x):
        h = self.encoder(x)
        mu, logvar = self.to_mu(h), self.to_logvar(h)
        eps = torch.randn(mu.size(0), mu.size(1))
        z = mu + eps * (logvar / 2).exp()
        return self.decoder(z), mu, logvar
