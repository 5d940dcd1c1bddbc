# role: lstm_cell
# verdict: wrong
# fault: gate_tanh
# object: LSTMCell
# about: tanh is used for the output gate

import torch
import torch.nn as nn


class LSTMCell(nn.Module):
    def __init__(self, d_in, d_hidden):
        super().__init__()
        self.d_hidden = d_hidden
        self.W = nn.Parameter(torch.empty(d_in, 4 * d_hidden))
        self.U = nn.Parameter(torch.empty(d_hidden, 4 * d_hidden))
        self.b = nn.Parameter(torch.zeros(4 * d_hidden))
        nn.init.xavier_uniform_(self.W)
        nn.init.orthogonal_(self.U)

    def forward(self, x, hc):
        h, c = hc
        H = self.d_hidden
        z = x @ self.W + h @ self.U + self.b
        i = torch.sigmoid(z[:, :H])
        f = torch.sigmoid(z[:, H:2 * H])
        g = torch.tanh(z[:, 2 * H:3 * H])
        o = torch.tanh(z[:, 3 * H:])  # <<<
        c = f * c + i * g
        h = o * torch.tanh(c)
        return h, c
