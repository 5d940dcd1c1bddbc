# role: patch_embedding
# verdict: wrong
# fault: patches_scrambled
# object: ToPatches
# about: the windows are reshaped with their channels in front
from torch import nn


class ToPatches(nn.Module):
    def __init__(self, out_dim, in_ch, p):
        super().__init__()
        self.p = p
        self.f = nn.Sequential(nn.LayerNorm(p * p * in_ch), nn.Linear(p * p * in_ch, out_dim), nn.LayerNorm(out_dim))

    def forward(self, x):
        n, c, h, w = x.shape
        x = x.unfold(2, self.p, self.p).unfold(3, self.p, self.p)
        return self.f(x.reshape(n, -1, c * self.p**2))
