# role: lstm_cell
# verdict: wrong
# fault: forget_gate_unused
# object: LSTMCell
# about: the old cell is added without the forget gate

import torch
from torch import nn, Tensor


class LSTMCell(nn.Module):
    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.w_ih = nn.Linear(input_size, 4 * hidden_size)
        self.w_hh = nn.Linear(hidden_size, 4 * hidden_size, bias=False)

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        h, c = state
        i, f, g, o = (self.w_ih(x) + self.w_hh(h)).chunk(4, dim=1)
        i, f, o = i.sigmoid(), f.sigmoid(), o.sigmoid()
        g = g.tanh()
        c_next = c + i * g  # <<<
        h_next = o * c_next.tanh()
        return h_next, c_next
