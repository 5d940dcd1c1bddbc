# role: lstm
# verdict: wrong
# fault: hn_transposed
# object: SequenceClassifier
# about: hn is [K N D]; view(N, -1) mixes the samples

import torch
import torch.nn as nn


class SequenceClassifier(nn.Module):
    """Uses the hidden states of both layers as features."""

    def __init__(self, input_dim, hidden_dim, num_classes):
        super().__init__()
        self.lstm = nn.LSTM(input_dim, hidden_dim, num_layers=2, batch_first=True)
        self.classifier = nn.Linear(2 * hidden_dim, num_classes)

    def forward(self, x):
        out, (hn, cn) = self.lstm(x)
        hn = hn.view(x.shape[0], -1)  # <<<
        return self.classifier(hn)
