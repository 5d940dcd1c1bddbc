# role: lstm
# verdict: right
# object: Forecaster
# about: an nn.Sequential subclass with a wrapper around nn.LSTM in the length-first layout and a learned initial state
# round: held-out

from dataclasses import dataclass

import torch
import torch.nn as nn


@dataclass
class Config:
    n_features: int = 3
    hidden: int = 24
    layers: int = 2
    horizon: int = 1
    forget_bias: float = 1.0


class Transpose(nn.Module):
    def __init__(self, *dims):
        super().__init__()
        self.dims = dims

    def forward(self, x):
        return x.transpose(*self.dims)


class LearnedStateLSTM(nn.LSTM):
    """[L, N, Q] -> [L, N, D]; h0 and c0 are learned and the same for all samples."""

    def __init__(self, *args, forget_bias=0.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.h0 = nn.Parameter(torch.zeros(self.num_layers, 1, self.hidden_size))
        self.c0 = nn.Parameter(torch.zeros(self.num_layers, 1, self.hidden_size))
        for name, p in self.named_parameters():
            if name.startswith("bias_ih"):
                p.data[self.hidden_size:2 * self.hidden_size] = forget_bias

    def forward(self, x):
        n = x.size(1)
        state = (self.h0.expand(-1, n, -1).contiguous(), self.c0.expand(-1, n, -1).contiguous())
        return super().forward(x, state)[0]


class Select(nn.Module):
    def __init__(self, dim, index):
        super().__init__()
        self.dim, self.index = dim, index

    def forward(self, x):
        return x.select(self.dim, self.index)


class Forecaster(nn.Sequential):
    """x [N L Q] -> [N horizon]"""

    def __init__(self, cfg: Config = Config()):
        super().__init__(
            Transpose(0, 1),
            LearnedStateLSTM(cfg.n_features, cfg.hidden, cfg.layers, forget_bias=cfg.forget_bias),
            Select(0, -1),
            nn.LayerNorm(cfg.hidden),
            nn.Linear(cfg.hidden, cfg.horizon),
        )
