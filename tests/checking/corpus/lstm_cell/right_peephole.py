# role: lstm_cell
# verdict: right
# object: PeepholeLSTMCell
# about: gates see the cell state (Gers and Schmidhuber, 2000)

import torch
from torch import nn


class PeepholeLSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.x = nn.Linear(input_size, 4 * hidden_size)
        self.h = nn.Linear(hidden_size, 4 * hidden_size, bias=False)
        self.p_i = nn.Parameter(torch.randn(hidden_size) * 0.1)
        self.p_f = nn.Parameter(torch.randn(hidden_size) * 0.1)
        self.p_o = nn.Parameter(torch.randn(hidden_size) * 0.1)

    def forward(self, x, state):
        h, c = state
        i, f, g, o = (self.x(x) + self.h(h)).chunk(4, -1)
        i = torch.sigmoid(i + self.p_i * c)
        f = torch.sigmoid(f + self.p_f * c)
        c = f * c + i * torch.tanh(g)
        o = torch.sigmoid(o + self.p_o * c)
        return o * torch.tanh(c), c
