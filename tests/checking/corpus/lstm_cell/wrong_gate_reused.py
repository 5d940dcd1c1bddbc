# role: lstm_cell
# verdict: wrong
# fault: gate_reused
# object: MyLSTMCell
# about: f is made by the input gate's layers, copied from the line above

import torch
import torch.nn as nn


class MyLSTMCell(nn.Module):
    def __init__(self, n_in, n_hid):
        super().__init__()
        self.W_xi = nn.Linear(n_in, n_hid)
        self.W_hi = nn.Linear(n_hid, n_hid, bias=False)
        self.W_xf = nn.Linear(n_in, n_hid)
        self.W_hf = nn.Linear(n_hid, n_hid, bias=False)
        self.W_xc = nn.Linear(n_in, n_hid)
        self.W_hc = nn.Linear(n_hid, n_hid, bias=False)
        self.W_xo = nn.Linear(n_in, n_hid)
        self.W_ho = nn.Linear(n_hid, n_hid, bias=False)

    def forward(self, x, h, c):
        i = torch.sigmoid(self.W_xi(x) + self.W_hi(h))
        f = torch.sigmoid(self.W_xi(x) + self.W_hi(h))  # <<<
        c_tilde = torch.tanh(self.W_xc(x) + self.W_hc(h))
        o = torch.sigmoid(self.W_xo(x) + self.W_ho(h))
        c = f * c + i * c_tilde
        return o * torch.tanh(c), c
