# role: lstm
# verdict: wrong
# fault: state_not_last
# object: StackedLSTM
# about: the first step's output is returned as the state

import torch
from torch import nn


class StackedLSTM(nn.Module):
    """x: (batch, seq_len, features) -> outputs, (h, c)"""

    def __init__(self, input_size, hidden_size, num_layers):
        super().__init__()
        self.hidden_size, self.num_layers = hidden_size, num_layers
        self.first = nn.LSTMCell(input_size, hidden_size)
        self.others = nn.ModuleList([nn.LSTMCell(hidden_size, hidden_size) for _ in range(num_layers - 1)])

    def forward(self, x):
        zero = x.new_zeros(x.size(0), self.hidden_size)
        states = [(zero, zero)] * self.num_layers
        outputs = []
        for t in range(x.size(1)):
            below = x[:, t]
            for k, cell in enumerate([self.first, *self.others]):
                states[k] = cell(below, states[k])
                below = states[k][0]
            outputs.append(below)
        y = torch.stack(outputs, 1)
        return y, (y[:, 0], states[-1][1])  # <<<
