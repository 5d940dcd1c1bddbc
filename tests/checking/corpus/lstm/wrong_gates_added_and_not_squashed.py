# role: lstm
# verdict: wrong
# fault: gates_added
# object: PlainLSTM
# about: two faults: the input gate is added to the candidate, the cell state is not squashed

import torch
from torch import nn


class PlainLSTM(nn.Module):
    def __init__(self, d_in, d_state):
        super().__init__()
        self.d_state = d_state
        self.x, self.h = nn.Linear(d_in, 4 * d_state), nn.Linear(d_state, 4 * d_state)

    def forward(self, x):
        h = c = x.new_zeros(x.shape[0], self.d_state)
        seen = []
        for t in range(x.shape[1]):
            i, f, g, o = (self.x(x[:, t]) + self.h(h)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) + torch.tanh(g)  # <<<
            h = torch.sigmoid(o) * c
            seen.append(h)
        return torch.stack(seen, 1), (h, c)
