# role: lstm
# verdict: right
# object: LSTM
# about: iterates over the first axis, gives back a list, and hides that axis 1 holds the samples

import torch
from torch import nn


class LSTM(nn.Module):
    def __init__(self, d_in, d_state):
        super().__init__()
        self.d_state = d_state
        self.gates = nn.Linear(d_in + d_state, 4 * d_state)

    def forward(self, frames, start=None):
        h, c = start or (frames.new_zeros(frames.shape[1], self.d_state),) * 2
        seen = []
        for frame in frames:
            o, g, f, i = self.gates(torch.cat([frame, h], -1)).split(self.d_state, -1)
            c = c * torch.sigmoid(f) + torch.tanh(g) * torch.sigmoid(i)
            h = torch.sigmoid(o) * torch.tanh(c)
            seen += [h]
        return seen, (h, c)
