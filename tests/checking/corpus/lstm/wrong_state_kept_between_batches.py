# role: lstm
# verdict: wrong
# fault: state_kept_between_batches
# object: LSTMRegressor
# about: the state of the last batch starts the next, unrelated batch

import torch
import torch.nn as nn


class LSTMRegressor(nn.Module):
    """Independent windows x [N L Q] -> prediction [N 1]"""

    def __init__(self, input_size=1, hidden_size=32):
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size, batch_first=True)
        self.linear = nn.Linear(hidden_size, 1)
        self.hidden = None

    def forward(self, x):
        if self.hidden is not None and self.hidden[0].size(1) != x.size(0):
            self.hidden = None
        out, hidden = self.lstm(x, self.hidden)
        self.hidden = (hidden[0].detach(), hidden[1].detach())  # <<<
        return self.linear(out[:, -1])
