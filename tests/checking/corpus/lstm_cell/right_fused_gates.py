# role: lstm_cell
# verdict: right
# object: LSTMCell
# about: fused 4H projections in the order i f g o with both biases, as torch

import math

import torch
import torch.nn as nn


class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size, bias=True):
        super(LSTMCell, self).__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.xh = nn.Linear(input_size, hidden_size * 4, bias=bias)
        self.hh = nn.Linear(hidden_size, hidden_size * 4, bias=bias)
        self.reset_parameters()

    def reset_parameters(self):
        std = 1.0 / math.sqrt(self.hidden_size)
        for w in self.parameters():
            w.data.uniform_(-std, std)

    def forward(self, input, hx=None):
        if hx is None:
            zeros = input.new_zeros(input.size(0), self.hidden_size)
            hx = (zeros, zeros)
        hx, cx = hx
        gates = self.xh(input) + self.hh(hx)
        i_gate, f_gate, c_gate, o_gate = gates.chunk(4, 1)
        i_t = torch.sigmoid(i_gate)
        f_t = torch.sigmoid(f_gate)
        g_t = torch.tanh(c_gate)
        o_t = torch.sigmoid(o_gate)
        cy = cx * f_t + i_t * g_t
        hy = o_t * torch.tanh(cy)
        return hy, cy
