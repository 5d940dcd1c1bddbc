# role: lstm
# verdict: wrong
# fault: batch_first_missing
# object: LSTMModel
# about: batch_first is an argument of the wrapper but is not handed to nn.LSTM

import torch.nn as nn


class LSTMModel(nn.Module):
    """
    X [N x L x Q] -> Y [N x L x D], (hn, cn)
    """

    def __init__(self, input_size, hidden_size, num_layers=1, batch_first=True, dropout=0.0):
        super().__init__()
        self.batch_first = batch_first
        self.lstm = nn.LSTM(input_size=input_size, hidden_size=hidden_size,
                            num_layers=num_layers, dropout=dropout)  # <<<

    def forward(self, x, state=None):
        Y, (hn, cn) = self.lstm(x, state)
        return Y, (hn, cn)
