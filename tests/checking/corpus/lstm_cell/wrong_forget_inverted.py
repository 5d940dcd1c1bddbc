# role: lstm_cell
# verdict: wrong
# fault: forget_inverted
# object: LSTMCell
# about: the old cell is multiplied by 1 - f, so the forget bias of one makes it forget

import torch
from torch import nn


class LSTMCell(nn.Module):
    def __init__(self, n_in, n_hid, forget_bias=1.0):
        super().__init__()
        self.n_hid = n_hid
        self.forget_bias = forget_bias
        self.x2g = nn.Linear(n_in, 4 * n_hid)
        self.h2g = nn.Linear(n_hid, 4 * n_hid, bias=False)

    def forward(self, x, state):
        h, c = state
        i, f, g, o = torch.split(self.x2g(x) + self.h2g(h), self.n_hid, dim=-1)
        f = torch.sigmoid(f + self.forget_bias)
        new_c = (1 - f) * c + torch.sigmoid(i) * torch.tanh(g)  # <<<
        new_h = torch.sigmoid(o) * torch.tanh(new_c)
        return new_h, new_c
