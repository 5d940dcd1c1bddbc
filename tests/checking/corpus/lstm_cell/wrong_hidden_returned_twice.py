# role: lstm_cell
# verdict: wrong
# fault: hidden_returned_twice
# object: LSTMCell
# about: h in c's place

import torch
from torch import nn


class LSTMCell(nn.Module):
    """One step: x [N, Q] and (h, c), each [N, D]."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.x2h = nn.Linear(input_size, 4 * hidden_size)
        self.h2h = nn.Linear(hidden_size, 4 * hidden_size)

    def forward(self, x, state):
        h, c = state
        i, f, g, o = (self.x2h(x) + self.h2h(h)).chunk(4, dim=1)
        i, f, o = i.sigmoid(), f.sigmoid(), o.sigmoid()
        g = g.tanh()
        c_next = f * c + i * g
        h_next = o * c_next.tanh()
        return h_next, h_next  # <<<
