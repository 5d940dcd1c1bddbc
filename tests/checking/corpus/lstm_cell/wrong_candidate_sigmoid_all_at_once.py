# role: lstm_cell
# verdict: wrong
# fault: candidate_sigmoid
# object: LSTMCell
# about: one sigmoid over all four parts, so the candidate is tanh(sigmoid(.)) and never negative
# round: held-out

from collections import namedtuple

import torch
from torch import nn

LSTMState = namedtuple("LSTMState", ["hx", "cx"])


class LSTMCell(nn.Module):
    def __init__(self, dim, hidden=None):
        super().__init__()
        self.hidden = hidden if hidden is not None else dim
        self.to_gates = nn.Linear(dim + self.hidden, self.hidden * 4)

    def forward(self, x, state):
        hx, cx = state
        gates = self.to_gates(torch.cat((x, hx), dim=-1)).sigmoid()  # <<<
        ingate, forgetgate, cellgate, outgate = gates.unflatten(-1, (4, self.hidden)).unbind(-2)
        cy = forgetgate * cx + ingate * cellgate.tanh()
        hy = outgate * cy.tanh()
        return LSTMState(hy, cy)
