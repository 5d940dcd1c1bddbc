# role: lstm
# verdict: wrong
# fault: padding_read
# object: PaddedBiLSTM
# about: the backward direction starts in the padding

import torch
from torch import nn


class PaddedBiLSTM(nn.Module):
    """x [N, L, Q], lengths [N] -> [N, L, 2D]"""

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

    def forward(self, x, lengths):
        forward = self.run(self.fwd, x)
        backward = self.run(self.bwd, x.flip(1)).flip(1)  # <<<
        mask = torch.arange(x.size(1)) < lengths[:, None]
        return torch.cat([forward, backward], dim=-1) * mask[..., None]
