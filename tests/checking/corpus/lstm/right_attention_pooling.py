# role: lstm
# verdict: right
# object: AttentionLSTM
# about: a learned mean over the steps

import torch
from torch import nn


class AttentionLSTM(nn.Module):
    def __init__(self, n_features, hidden_dim, n_classes, dropout=0.3):
        super().__init__()
        self.lstm = nn.LSTM(n_features, hidden_dim, 2, batch_first=True, dropout=dropout)
        self.score = nn.Linear(hidden_dim, 1)
        self.fc = nn.Sequential(nn.LayerNorm(hidden_dim), nn.Linear(hidden_dim, n_classes))

    def forward(self, x):
        h, _ = self.lstm(x)
        weights = torch.softmax(self.score(h), dim=1)
        return self.fc((weights * h).sum(dim=1))
