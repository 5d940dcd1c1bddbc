# role: lstm_cell
# verdict: wrong
# fault: gate_not_squashed
# object: LSTMUnit
# about: the output gate has no sigmoid

import torch
from torch import nn


class LSTMUnit(nn.Module):
    def __init__(self, in_features, hidden_features):
        super().__init__()
        total = in_features + hidden_features
        self.forget_gate = nn.Linear(total, hidden_features)
        self.input_gate = nn.Linear(total, hidden_features)
        self.cell_gate = nn.Linear(total, hidden_features)
        self.output_gate = nn.Linear(total, hidden_features)

    def forward(self, x_t, states):
        h_prev, c_prev = states
        z = torch.cat((h_prev, x_t), dim=1)
        f = torch.sigmoid(self.forget_gate(z))
        i = torch.sigmoid(self.input_gate(z))
        c_hat = torch.tanh(self.cell_gate(z))
        c = f * c_prev + i * c_hat
        o = self.output_gate(z)  # <<<
        h = o * torch.tanh(c)
        return h, c
