# role: lstm
# verdict: right
# object: ForecastLSTM
# about: one sequence at a time; the training loop sets a new state before each

import torch
from torch import nn


class ForecastLSTM(nn.Module):
    def __init__(self, n_features=1, n_hidden=12):
        super().__init__()
        self.n_hidden = n_hidden
        self.lstm = nn.LSTM(n_features, n_hidden)
        self.linear = nn.Linear(n_hidden, 1)
        self.memory = (torch.zeros(1, 1, n_hidden), torch.zeros(1, 1, n_hidden))

    def forward(self, series):
        seen, self.memory = self.lstm(series.view(len(series), 1, -1), self.memory)
        return self.linear(seen.view(len(series), -1))[-1]


def one_epoch(net, data, optimizer, loss_of):
    for series, target in data:
        optimizer.zero_grad()
        net.memory = (torch.zeros(1, 1, net.n_hidden), torch.zeros(1, 1, net.n_hidden))
        loss_of(net(series), target).backward()
        optimizer.step()
