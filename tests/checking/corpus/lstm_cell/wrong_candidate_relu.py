# role: lstm_cell
# verdict: wrong
# fault: candidate_relu
# object: LSTMCell
# about: the candidate goes through relu, so nothing negative is ever written and the cell only grows

import torch
import torch.nn as nn
import torch.nn.functional as F


class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super(LSTMCell, self).__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size, 4 * hidden_size)
        self.h2h = nn.Linear(hidden_size, 4 * hidden_size)

    def forward(self, x, hidden):
        h, c = hidden
        preact = self.i2h(x) + self.h2h(h)
        gates = preact[:, :3 * self.hidden_size].sigmoid()
        g_t = F.relu(preact[:, 3 * self.hidden_size:])  # <<<
        i_t = gates[:, :self.hidden_size]
        f_t = gates[:, self.hidden_size:2 * self.hidden_size]
        o_t = gates[:, -self.hidden_size:]
        c_t = torch.mul(c, f_t) + torch.mul(i_t, g_t)
        h_t = torch.mul(o_t, c_t.tanh())
        return h_t, c_t
