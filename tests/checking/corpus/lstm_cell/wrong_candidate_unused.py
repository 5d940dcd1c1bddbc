# role: lstm_cell
# verdict: wrong
# fault: candidate_unused
# object: CustomLSTMCell
# about: the input gate multiplies the old cell and not the candidate, which is computed for nothing

import torch
from torch import nn


class CustomLSTMCell(nn.Module):
    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.Wi = nn.Linear(input_size + hidden_size, hidden_size)
        self.Wf = nn.Linear(input_size + hidden_size, hidden_size)
        self.Wc = nn.Linear(input_size + hidden_size, hidden_size)
        self.Wo = nn.Linear(input_size + hidden_size, hidden_size)

    def forward(self, x, state):
        h_t, c_t = state
        z = torch.cat([x, h_t], dim=1)
        i_t = torch.sigmoid(self.Wi(z))
        f_t = torch.sigmoid(self.Wf(z))
        o_t = torch.sigmoid(self.Wo(z))
        c_tilde = torch.tanh(self.Wc(z))
        c_t = f_t * c_t + i_t * c_t  # <<<
        h_t = o_t * torch.tanh(c_t)
        return h_t, c_t
