# role: lstm
# verdict: wrong
# fault: state_not_carried
# object: SeriesLSTM
# about: each step starts from the same states; outputs have their steps first

import torch
from torch import nn


class SeriesLSTM(nn.Module):
    def __init__(self, n_features, width):
        super().__init__()
        self.width = width
        self.both = nn.Linear(n_features + width, 4 * width)

    def forward(self, x):
        h = c = x.new_zeros(len(x), self.width)
        seen = []
        for t in range(x.shape[1]):
            f, i, g, o = self.both(torch.cat([x[:, t], h], 1)).chunk(4, 1)
            new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            seen.append(torch.sigmoid(o) * torch.tanh(new))
        return torch.stack(seen)
