# role: lstm
# verdict: wrong
# fault: outputs_reversed
# object: LSTM
# about: each hidden state is put at the front, so Y runs backwards in time

import torch
import torch.nn as nn


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.linear = nn.Linear(input_size + hidden_size, 4 * hidden_size)

    def forward(self, x):
        """x [N, L, Q] -> Y [N, L, D]"""
        h = c = x.new_zeros(x.shape[0], self.hidden_size)
        steps = []
        for x_t in x.unbind(dim=1):
            i, f, o, g = self.linear(torch.cat([x_t, h], -1)).chunk(4, -1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            steps.insert(0, h)  # <<<
        return torch.stack(steps, 1), (h, c)
