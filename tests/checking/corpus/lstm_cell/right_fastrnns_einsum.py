# role: lstm_cell
# verdict: right
# object: LSTMCell
# about: after PyTorch's fastrnns benchmark (returns hy, (hy, cy)) with gate-first weights [4 H in] in an einsum
# round: held-out

import math
from typing import Tuple

import torch
import torch.nn as nn
from torch import Tensor


class LSTMCell(nn.Module):
    I, F, G, O = range(4)

    def __init__(self, input_size, hidden_size):
        super(LSTMCell, self).__init__()
        k = 1 / math.sqrt(hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(4, hidden_size, input_size).uniform_(-k, k))
        self.weight_hh = nn.Parameter(torch.empty(4, hidden_size, hidden_size).uniform_(-k, k))
        self.bias_ih = nn.Parameter(torch.empty(4, 1, hidden_size).uniform_(-k, k))
        self.bias_hh = nn.Parameter(torch.empty(4, 1, hidden_size).uniform_(-k, k))

    def forward(self, input: Tensor, state: Tuple[Tensor, Tensor]) -> Tuple[Tensor, Tuple[Tensor, Tensor]]:
        hx, cx = state
        gates = (
            torch.einsum("bq,kdq->kbd", input, self.weight_ih)
            + self.bias_ih
            + torch.einsum("be,kde->kbd", hx, self.weight_hh)
            + self.bias_hh
        )
        cellgate = gates[self.G].tanh()
        gates = gates.sigmoid()
        cy = (gates[self.F] * cx) + (gates[self.I] * cellgate)
        hy = gates[self.O] * torch.tanh(cy)
        return hy, (hy, cy)
