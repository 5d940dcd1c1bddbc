# role: lstm
# verdict: right
# object: LSTMClassifier
# about: nn.LSTM with batch_first and the last step of Y into a Linear

import torch
import torch.nn as nn


class LSTMClassifier(nn.Module):
    # X [N x L x Q], Y [N x L x D], hn [K x N x D]
    def __init__(self, input_size=28, hidden_size=64, num_layers=2, num_classes=10):
        super(LSTMClassifier, self).__init__()
        self.num_layers = num_layers
        self.hidden_size = hidden_size
        self.lstm = nn.LSTM(input_size, hidden_size, num_layers, batch_first=True)
        self.fc = nn.Linear(hidden_size, num_classes)

    def forward(self, x):
        h0 = torch.zeros(self.num_layers, x.size(0), self.hidden_size, dtype=x.dtype, device=x.device)
        c0 = torch.zeros(self.num_layers, x.size(0), self.hidden_size, dtype=x.dtype, device=x.device)
        out, (hn, cn) = self.lstm(x, (h0, c0))
        return self.fc(out[:, -1, :])
