# role: lstm
# verdict: wrong
# fault: batch_mixed
# object: LSTMClassifier
# about: reshape in place of transpose

import torch
from torch import nn


class LSTMClassifier(nn.Module):
    """x [N, L, Q] -> logits [N, classes]"""

    def __init__(self, input_dim, hidden_dim, num_layers, num_classes):
        super().__init__()
        self.lstm = nn.LSTM(input_dim, hidden_dim, num_layers, )
        self.head = nn.Linear(hidden_dim, num_classes)

    def forward(self, x):
        n, l, q = x.shape
        out, (h, c) = self.lstm(x.reshape(l, n, q))  # <<<
        return self.head(out[-1])
