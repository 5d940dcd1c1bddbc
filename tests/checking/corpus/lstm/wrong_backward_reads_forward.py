# role: lstm
# verdict: wrong
# fault: backward_reads_forward
# object: BiLSTM
# about: the backward cell gets the sequence as it is

import torch
from torch import nn


class BiLSTM(nn.Module):
    """x [N, L, Q] -> [N, L, 2D]"""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.fwd = nn.LSTMCell(input_size, hidden_size)
        self.bwd = nn.LSTMCell(input_size, hidden_size)

    def run(self, cell, x):
        h = x.new_zeros(x.size(0), self.hidden_size)
        c = torch.zeros_like(h)
        out = []
        for t in range(x.size(1)):
            h, c = cell(x[:, t], (h, c))
            out.append(h)
        return torch.stack(out, dim=1)

    def forward(self, x):
        forward = self.run(self.fwd, x)
        backward = self.run(self.bwd, x)  # <<<
        return torch.cat([forward, backward], dim=-1)
