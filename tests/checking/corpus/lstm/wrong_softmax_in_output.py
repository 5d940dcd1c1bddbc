# role: lstm
# verdict: wrong
# fault: softmax_in_output
# object: LSTMClassifier
# about: the logits pass a softmax, although they are meant for nn.CrossEntropyLoss

import torch
import torch.nn as nn


class LSTMClassifier(nn.Module):
    """Returns the logits for nn.CrossEntropyLoss."""

    def __init__(self, input_dim, hidden_dim, layer_dim, output_dim):
        super().__init__()
        self.lstm = nn.LSTM(input_dim, hidden_dim, layer_dim, batch_first=True)
        self.fc = nn.Linear(hidden_dim, output_dim)

    def forward(self, x):
        _, (hn, _) = self.lstm(x)
        logits = self.fc(hn[-1])
        return torch.softmax(logits, dim=1)  # <<<
