# role: lstm
# verdict: wrong
# fault: detached
# object: SeqClassifier
# about: the last hidden state is taken through .data, so only the head learns
import torch
from torch import nn


class SeqClassifier(nn.Module):
    def __init__(self, n_features, n_classes, n_hidden=20, n_layers=2, drop=0.):
        super().__init__()
        self.rnn = nn.LSTM(n_features, n_hidden, n_layers, batch_first=True, dropout=drop)
        self.head = nn.Sequential(
            nn.Linear(n_hidden, n_hidden),
            nn.ReLU(),
            nn.Linear(n_hidden, n_classes),
        )

    def forward(self, x):
        _, (hn, cn) = self.rnn(x)
        last = hn[-1].data  # <<<
        return self.head(last)
