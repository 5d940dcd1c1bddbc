# role: lstm_cell
# verdict: right
# object: LSTMCell
# about: one Linear on cat(h, x) and the gate order f o i g

import torch
from torch import nn


class LSTMCell(nn.Module):
    """colah 블로그 그림 그대로"""

    def __init__(self, n_input, n_hidden):
        super().__init__()
        self.n_hidden = n_hidden
        self.fc = nn.Linear(n_hidden + n_input, 4 * n_hidden)

    def forward(self, x, state):
        h, c = state
        z = self.fc(torch.cat([h, x], dim=1))
        f, o, i, g = torch.split(z, self.n_hidden, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * c.tanh()
        return h, c
