# role: lstm
# verdict: wrong
# fault: second_layer_reads_input
# object: TwoLayerLSTM
# about: the second layer is fed x, so the first layer is thrown away

import torch
import torch.nn as nn


class TwoLayerLSTM(nn.Module):
    def __init__(self, n_features, n_hidden, n_out):
        super().__init__()
        self.lstm1 = nn.LSTM(n_features, n_features, batch_first=True)
        self.lstm2 = nn.LSTM(n_features, n_hidden, batch_first=True)
        self.fc = nn.Linear(n_hidden, n_out)

    def forward(self, x):
        out1, _ = self.lstm1(x)
        out2, _ = self.lstm2(x)  # <<<
        return self.fc(out2[:, -1])
