# role: lstm
# verdict: wrong
# fault: bidirectional_last_step
# object: BiLSTM
# about: Y[:, -1] of a bidirectional net, where the backward half has seen one step only

import torch
import torch.nn as nn


class BiLSTM(nn.Module):
    def __init__(self, input_size=28, hidden_size=128, num_layers=2, num_classes=10):
        super(BiLSTM, self).__init__()
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.lstm = nn.LSTM(input_size, hidden_size, num_layers, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(hidden_size * 2, num_classes)

    def forward(self, x):
        h0 = torch.zeros(self.num_layers * 2, x.size(0), self.hidden_size).to(x)
        c0 = torch.zeros(self.num_layers * 2, x.size(0), self.hidden_size).to(x)
        out, _ = self.lstm(x, (h0, c0))
        out = self.fc(out[:, -1, :])  # <<<
        return out
