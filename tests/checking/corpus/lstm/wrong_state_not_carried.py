# role: lstm
# verdict: wrong
# fault: state_not_carried
# object: MyLSTM
# about: the state is made anew inside the loop over time

import torch
import torch.nn as nn


class MyLSTM(nn.Module):
    """[N L Q] -> [N L D]"""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.cell = nn.LSTMCell(input_size, hidden_size)

    def init_hidden(self, x):
        return (x.new_zeros(x.size(0), self.hidden_size), x.new_zeros(x.size(0), self.hidden_size))

    def forward(self, x):
        outs = []
        for t in range(x.size(1)):
            h, c = self.init_hidden(x)  # <<<
            h, c = self.cell(x[:, t], (h, c))
            outs.append(h)
        return torch.stack(outs, dim=1)
