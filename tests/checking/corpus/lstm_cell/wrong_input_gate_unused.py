# role: lstm_cell
# verdict: wrong
# fault: input_gate_unused
# object: LSTMCell
# about: the forget gate stands at the candidate too, the input gate is computed for nothing

import torch
import torch.nn as nn


class LSTMCell(nn.Module):
    def __init__(self, emb_dim, hidden_dim):
        super().__init__()
        self.linear_i = nn.Linear(emb_dim + hidden_dim, hidden_dim)
        self.linear_f = nn.Linear(emb_dim + hidden_dim, hidden_dim)
        self.linear_g = nn.Linear(emb_dim + hidden_dim, hidden_dim)
        self.linear_o = nn.Linear(emb_dim + hidden_dim, hidden_dim)

    def forward(self, x, hidden):
        h, c = hidden
        xh = torch.cat([x, h], dim=-1)
        i = torch.sigmoid(self.linear_i(xh))
        f = torch.sigmoid(self.linear_f(xh))
        g = torch.tanh(self.linear_g(xh))
        o = torch.sigmoid(self.linear_o(xh))
        c = f * c + f * g  # <<<
        h = o * torch.tanh(c)
        return (h, c)
