# role: lstm_cell
# verdict: wrong
# fault: hidden_from_candidate
# object: LSTMCell
# about: the hidden state is read from the candidate instead of the new cell state

import torch
import torch.nn as nn


class LSTMCell(nn.Module):
    def __init__(self, vec_dim, hid_dim):
        super().__init__()
        self.update_gate = nn.Linear(vec_dim + hid_dim, hid_dim)
        self.forget_gate = nn.Linear(vec_dim + hid_dim, hid_dim)
        self.output_gate = nn.Linear(vec_dim + hid_dim, hid_dim)
        self.cell = nn.Linear(vec_dim + hid_dim, hid_dim)

    def forward(self, x, state):
        a_prev, c_prev = state
        ax = torch.cat([a_prev, x], dim=1)
        gamma_u = torch.sigmoid(self.update_gate(ax))
        gamma_f = torch.sigmoid(self.forget_gate(ax))
        gamma_o = torch.sigmoid(self.output_gate(ax))
        c_tilde = torch.tanh(self.cell(ax))
        c = gamma_u * c_tilde + gamma_f * c_prev
        a = gamma_o * torch.tanh(c_tilde)  # <<<
        return a, c
