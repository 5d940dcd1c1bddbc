# role: lstm
# verdict: wrong
# fault: readout_first_step
# object: LSTMClassifier
# about: the classifier reads Y[:, 0]

import torch.nn as nn


class LSTMClassifier(nn.Module):
    def __init__(self, input_size, hidden_size, num_classes, num_layers=1):
        super().__init__()
        self.rnn = nn.LSTM(input_size, hidden_size, num_layers=num_layers, batch_first=True)
        self.fc = nn.Linear(hidden_size, num_classes)

    def forward(self, x):
        Y, (hn, cn) = self.rnn(x)
        logits = self.fc(Y[:, 0])  # <<<
        return logits
