# role: lstm_cell
# verdict: wrong
# fault: hidden_from_old_cell
# object: LSTMCell
# about: the hidden state is read from the cell before its update

import torch
import torch.nn as nn


class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.gates = nn.Linear(input_size + hidden_size, 4 * hidden_size)

    def forward(self, x, states):
        h_t, c_t = states
        i, f, o, g = self.gates(torch.cat([x, h_t], dim=1)).chunk(4, dim=1)
        c_next = torch.sigmoid(f) * c_t + torch.sigmoid(i) * torch.tanh(g)
        h_next = torch.sigmoid(o) * torch.tanh(c_t)  # <<<
        return h_next, c_next
