# role: lstm_cell
# verdict: wrong
# fault: candidate_sigmoid
# object: LSTMCell
# about: sigmoid is put on all four chunks, the candidate included

import torch
import torch.nn as nn


class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.i2h = nn.Linear(input_size, 4 * hidden_size)
        self.h2h = nn.Linear(hidden_size, 4 * hidden_size)

    def forward(self, x, hidden):
        h, c = hidden
        gates = self.i2h(x) + self.h2h(h)
        i, f, g, o = torch.sigmoid(gates).chunk(4, dim=-1)  # <<<
        c = f * c + i * g
        h = o * torch.tanh(c)
        return h, c
