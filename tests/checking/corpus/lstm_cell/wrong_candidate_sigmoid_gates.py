# role: lstm_cell
# verdict: wrong
# fault: candidate_sigmoid
# object: LSTM_Cell
# about: copy and paste: the candidate has the sigmoid of the gates

import torch
import torch.nn as nn


class LSTM_Cell(nn.Module):
    def __init__(self, in_dim, hid_dim):
        super().__init__()
        self.forget = nn.Linear(in_dim + hid_dim, hid_dim)
        self.input = nn.Linear(in_dim + hid_dim, hid_dim)
        self.candidate = nn.Linear(in_dim + hid_dim, hid_dim)
        self.output = nn.Linear(in_dim + hid_dim, hid_dim)

    def forward(self, x, state):
        h_prev, c_prev = state
        combined = torch.cat((x, h_prev), 1)
        f_t = torch.sigmoid(self.forget(combined))
        i_t = torch.sigmoid(self.input(combined))
        c_hat = torch.sigmoid(self.candidate(combined))  # <<<
        o_t = torch.sigmoid(self.output(combined))
        c_t = f_t * c_prev + i_t * c_hat
        h_t = o_t * torch.tanh(c_t)
        return h_t, c_t
