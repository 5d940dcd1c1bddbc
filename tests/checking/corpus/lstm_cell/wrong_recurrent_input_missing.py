# role: lstm_cell
# verdict: wrong
# fault: recurrent_input_missing
# object: LSTMCell
# about: the gates look at x alone, h is never used

import torch
import torch.nn as nn


class LSTMCell(nn.Module):
    """x [N x Q], h [N x D], c [N x D]"""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.x_to_gates = nn.Linear(input_size, 4 * hidden_size)
        self.h_to_gates = nn.Linear(hidden_size, 4 * hidden_size)

    def forward(self, x, hc):
        h, c = hc
        gates = self.x_to_gates(x)  # <<<
        i, f, g, o = gates.chunk(4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, c
