# role: reparameterization
# verdict: right
# object: Enc
# about: one layer gives mean and log sigma; the mean in eval mode

import torch, torch.nn as nn
class Enc(nn.Module):
    def __init__(self, in_dim=50, z=10):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(in_dim, 64), nn.Tanh(), nn.Linear(64, 2 * z))
    def forward(self, x):
        m, log_s = torch.chunk(self.net(x), 2, dim=1)
        if self.training:
            return m + torch.exp(log_s) * torch.randn_like(m), m, log_s
        return m, m, log_s
