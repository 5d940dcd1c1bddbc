# role: lstm
# verdict: wrong
# fault: batch_first_missing
# object: LSTMClassifier
# about: nn.LSTM's default layout on [N L Q], so the recurrence runs over the batch

import torch
import torch.nn as nn


class LSTMClassifier(nn.Module):
    """x: [batch, seq_len, input_size] -> logits [batch, num_classes]"""

    def __init__(self, input_size, hidden_size, num_layers, num_classes):
        super().__init__()
        self.num_layers = num_layers
        self.lstm = nn.LSTM(input_size, hidden_size, num_layers)  # <<<
        self.fc = nn.Linear(hidden_size, num_classes)

    def forward(self, x):
        out, _ = self.lstm(x)
        out = self.fc(out[:, -1, :])
        return out
