# role: lstm
# verdict: wrong
# fault: dropout_in_eval
# object: LSTMNet
# about: F.dropout is left at its default training=True

import torch.nn as nn
import torch.nn.functional as F


class LSTMNet(nn.Module):
    def __init__(self, input_size, hidden_size, num_classes, drop_p=0.3):
        super().__init__()
        self.drop_p = drop_p
        self.rnn = nn.LSTM(input_size, hidden_size, batch_first=True)
        self.fc1 = nn.Linear(hidden_size, hidden_size)
        self.fc2 = nn.Linear(hidden_size, num_classes)

    def forward(self, x):
        out, (h, c) = self.rnn(x)
        z = F.relu(self.fc1(out[:, -1]))
        z = F.dropout(z, self.drop_p)  # <<<
        return self.fc2(z)
