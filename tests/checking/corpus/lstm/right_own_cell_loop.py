# role: lstm
# verdict: right
# object: LSTM
# about: own cell in a loop over time, returns Y and (h, c)

import torch
import torch.nn as nn


class LSTM(nn.Module):
    """x [N L Q] -> Y [N L D], (h [N D], c [N D])"""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.ih = nn.Linear(input_size, 4 * hidden_size)
        self.hh = nn.Linear(hidden_size, 4 * hidden_size)

    def step(self, x_t, h, c):
        i, f, g, o = (self.ih(x_t) + self.hh(h)).chunk(4, dim=-1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, c

    def forward(self, x, state=None):
        N, L, _ = x.shape
        if state is None:
            h = x.new_zeros(N, self.hidden_size)
            c = x.new_zeros(N, self.hidden_size)
        else:
            h, c = state
        Y = []
        for t in range(L):
            h, c = self.step(x[:, t], h, c)
            Y.append(h)
        return torch.stack(Y, dim=1), (h, c)
