# role: lstm_cell
# verdict: right
# object: CoupledLSTMCell
# about: one gate for keeping and letting in

import torch
import torch.nn.functional as F
from torch import nn


class CoupledLSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(3 * hidden_size, input_size + hidden_size))
        self.bias = nn.Parameter(torch.zeros(3 * hidden_size))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x, state):
        h, c = state
        f, g, o = F.linear(torch.cat([x, h], 1), self.weight, self.bias).chunk(3, 1)
        f = torch.sigmoid(f)
        c = f * c + (1 - f) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c
