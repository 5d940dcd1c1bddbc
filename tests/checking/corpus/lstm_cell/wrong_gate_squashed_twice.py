# role: lstm_cell
# verdict: wrong
# fault: gate_squashed_twice
# object: LSTMUnit
# about: the input gate's module already ends with a sigmoid, and forward applies one more

import torch
import torch.nn as nn


class Gate(nn.Module):
    def __init__(self, input_size, hidden_size, activation):
        super().__init__()
        self.x_proj = nn.Linear(input_size, hidden_size)
        self.h_proj = nn.Linear(hidden_size, hidden_size, bias=False)
        self.activation = activation

    def forward(self, x, h):
        return self.activation(self.x_proj(x) + self.h_proj(h))


class LSTMUnit(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.input_gate = Gate(input_size, hidden_size, nn.Sigmoid())
        self.forget_gate = Gate(input_size, hidden_size, nn.Sigmoid())
        self.output_gate = Gate(input_size, hidden_size, nn.Sigmoid())
        self.cell_gate = Gate(input_size, hidden_size, nn.Tanh())

    def forward(self, x, hx):
        h, c = hx
        i = torch.sigmoid(self.input_gate(x, h))  # <<<
        f = self.forget_gate(x, h)
        o = self.output_gate(x, h)
        g = self.cell_gate(x, h)
        c = f * c + i * g
        h = o * torch.tanh(c)
        return h, c
