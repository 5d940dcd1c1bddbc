# role: lstm
# verdict: right
# object: PeepholeLSTM
# about: gates see the cell state, a layer stands before the recurrence

import torch
from torch import nn


class PeepholeLSTM(nn.Module):
    def __init__(self, n_features, width):
        super().__init__()
        self.width = width
        self.enter = nn.Linear(n_features, 10)
        self.x, self.h = nn.Linear(10, 4 * width), nn.Linear(width, 4 * width, bias=False)
        self.see_i, self.see_f, self.see_o = (nn.Parameter(torch.randn(width)) for _ in range(3))

    def forward(self, x):
        x = torch.relu(self.enter(x))
        h = c = x.new_zeros(x.shape[0], self.width)
        seen = []
        for t in range(x.shape[1]):
            i, f, o, g = (self.x(x[:, t]) + self.h(h)).chunk(4, -1)
            i, f = torch.sigmoid(i + self.see_i * c), torch.sigmoid(f + self.see_f * c)
            c = f * c + i * torch.tanh(g)
            h = torch.sigmoid(o + self.see_o * c) * torch.tanh(c)
            seen.append(h)
        return torch.stack(seen, 1), (h, c)
