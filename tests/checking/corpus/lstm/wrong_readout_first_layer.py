# role: lstm
# verdict: wrong
# fault: readout_first_layer
# object: LSTMClassifier
# about: h[0] is the bottom layer's state

import torch
from torch import nn


class LSTMClassifier(nn.Module):
    """x [N, L, Q] -> logits [N, classes]"""

    def __init__(self, input_dim, hidden_dim, num_layers, num_classes):
        super().__init__()
        self.lstm = nn.LSTM(input_dim, hidden_dim, num_layers, batch_first=True)
        self.head = nn.Linear(hidden_dim, num_classes)

    def forward(self, x):
        out, (h, c) = self.lstm(x)
        return self.head(h[0])  # <<<
