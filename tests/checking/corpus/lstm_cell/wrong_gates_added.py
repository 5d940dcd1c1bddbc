# role: lstm_cell
# verdict: wrong
# fault: gates_added
# object: LSTMCell
# about: the output gate is added to the squashed cell state

import torch
from torch import nn


class LSTMCell(nn.Module):
    def __init__(self, in_features, units):
        super().__init__()
        self.gates = nn.ModuleDict({k: nn.Linear(in_features + units, units) for k in "ifog"})

    def forward(self, x, h, c):
        xh = torch.cat([x, h], dim=-1)
        keep, write = torch.sigmoid(self.gates["f"](xh)), torch.sigmoid(self.gates["i"](xh))
        c = keep * c + write * torch.tanh(self.gates["g"](xh))
        h = torch.sigmoid(self.gates["o"](xh)) + torch.tanh(c)  # <<<
        return h, c
