# role: lstm_cell
# verdict: wrong
# fault: cell_squashed_by_sigmoid
# object: LSTMCellModel
# about: h = o * sigmoid(c) where tanh is due

import torch
import torch.nn as nn


class LSTMCellModel(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.gates = nn.Linear(input_size + hidden_size, hidden_size * 4)
        self.sigmoid = nn.Sigmoid()
        self.tanh = nn.Tanh()

    def forward(self, input, hc):
        h, c = hc
        combined = torch.cat((input, h), dim=1)
        f, i, o, c_bar = self.gates(combined).chunk(4, dim=1)
        f, i, o = self.sigmoid(f), self.sigmoid(i), self.sigmoid(o)
        c_bar = self.tanh(c_bar)
        c = torch.add(torch.mul(f, c), torch.mul(i, c_bar))
        h = torch.mul(o, self.sigmoid(c))  # <<<
        return h, c
