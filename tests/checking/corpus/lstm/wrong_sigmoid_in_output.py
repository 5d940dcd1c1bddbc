# role: lstm
# verdict: wrong
# fault: sigmoid_in_output
# object: LSTMClassifier
# about: the scores for CrossEntropyLoss pass through a sigmoid first

import torch
import torch.nn as nn


class LSTMClassifier(nn.Module):
    """Scores for num_classes classes, to be trained with nn.CrossEntropyLoss"""

    def __init__(self, input_size, hidden_size, num_layers=1, num_classes=4):
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size, num_layers, batch_first=True)
        self.fc = nn.Linear(hidden_size, num_classes)
        self.sig = nn.Sigmoid()

    def forward(self, x):
        lstm_out, hidden = self.lstm(x)
        out = self.fc(lstm_out[:, -1])
        return self.sig(out)  # <<<
