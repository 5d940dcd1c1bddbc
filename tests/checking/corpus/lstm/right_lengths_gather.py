# role: lstm
# verdict: right
# object: LSTMNet
# about: padded input with lengths, reads the last valid step with gather

import torch
import torch.nn as nn


class LSTMNet(nn.Module):
    def __init__(self, input_size, hidden_size, num_classes):
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size, batch_first=True)
        self.linear = nn.Linear(hidden_size, num_classes)

    def forward(self, x, lengths=None):
        Y, _ = self.lstm(x)
        if lengths is None:
            last = Y[:, -1]
        else:
            idx = (lengths.to(x.device).long() - 1).view(-1, 1, 1).expand(-1, 1, Y.size(2))
            last = Y.gather(1, idx).squeeze(1)
        return self.linear(last)
