# role: aae
# verdict: right
# object: module
# about: a class that holds networks and optimizers, no module

import torch
from torch import nn, optim
class Enc(nn.Module):
    def __init__(self, in_dim=784, z=8):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(in_dim, 64), nn.ReLU(), nn.Linear(64, z))
    def forward(self, x): return self.f(x.flatten(1))
class Dec(nn.Module):
    def __init__(self, z=8, out=784):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(z, 64), nn.ReLU(), nn.Linear(64, out), nn.Sigmoid())
    def forward(self, z): return self.f(z)
class Critic(nn.Module):
    def __init__(self, z=8):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(z, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
    def forward(self, z): return self.f(z).squeeze(-1)
class AAETrainer:
    def __init__(self, lr=1e-3, z=8, device="cpu"):
        self.enc, self.dec, self.dis = Enc(z=z).to(device), Dec(z=z).to(device), Critic(z).to(device)
        self.z = z
        self.opt_ae = optim.Adam(list(self.enc.parameters()) + list(self.dec.parameters()), lr=lr)
        self.opt_dis = optim.Adam(self.dis.parameters(), lr=lr)
        self.opt_gen = optim.Adam(self.enc.parameters(), lr=lr)
        self.bce = nn.BCEWithLogitsLoss()
    def train_batch(self, x):
        x = x.view(x.size(0), -1)
        self.opt_ae.zero_grad()
        rec = ((self.dec(self.enc(x)) - x) ** 2).mean()
        rec.backward()
        self.opt_ae.step()
        self.opt_dis.zero_grad()
        z_real = torch.randn(x.size(0), self.z)
        z_fake = self.enc(x).detach()
        d = self.bce(self.dis(z_real), torch.ones(x.size(0))) + self.bce(self.dis(z_fake), torch.zeros(x.size(0)))
        d.backward()
        self.opt_dis.step()
        self.opt_gen.zero_grad()
        g = self.bce(self.dis(self.enc(x)), torch.ones(x.size(0)))
        g.backward()
        self.opt_gen.step()
        return rec.item(), d.item(), g.item()
    def fit(self, loader, epochs):
        for e in range(epochs):
            for x, _ in loader:
                print(self.train_batch(x))
