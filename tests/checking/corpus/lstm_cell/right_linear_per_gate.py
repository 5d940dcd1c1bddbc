# role: lstm_cell
# verdict: right
# object: MyLSTMCell
# about: eight separate Linears and a forget bias of one

import torch
import torch.nn as nn


class MyLSTMCell(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int):
        super().__init__()
        self.W_xi, self.W_hi = nn.Linear(input_dim, hidden_dim), nn.Linear(hidden_dim, hidden_dim, bias=False)
        self.W_xf, self.W_hf = nn.Linear(input_dim, hidden_dim), nn.Linear(hidden_dim, hidden_dim, bias=False)
        self.W_xg, self.W_hg = nn.Linear(input_dim, hidden_dim), nn.Linear(hidden_dim, hidden_dim, bias=False)
        self.W_xo, self.W_ho = nn.Linear(input_dim, hidden_dim), nn.Linear(hidden_dim, hidden_dim, bias=False)
        nn.init.ones_(self.W_xf.bias)

    def forward(self, x, hc):
        h, c = hc
        input_gate = torch.sigmoid(self.W_xi(x) + self.W_hi(h))
        forget_gate = torch.sigmoid(self.W_xf(x) + self.W_hf(h))
        cell_memory = torch.tanh(self.W_xg(x) + self.W_hg(h))
        output_gate = torch.sigmoid(self.W_xo(x) + self.W_ho(h))
        c_new = forget_gate * c + input_gate * cell_memory
        h_new = output_gate * torch.tanh(c_new)
        return h_new, c_new
