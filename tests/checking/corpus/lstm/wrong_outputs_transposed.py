# role: lstm
# verdict: wrong
# fault: outputs_transposed
# object: MyLSTM
# about: outputs stacked time-first are viewed as [N L D] instead of transposed

import torch
import torch.nn as nn


class MyLSTM(nn.Module):
    def __init__(self, input_dim, hidden_dim):
        super().__init__()
        self.hidden_dim = hidden_dim
        self.x_lin = nn.Linear(input_dim, 4 * hidden_dim)
        self.h_lin = nn.Linear(hidden_dim, 4 * hidden_dim, bias=False)

    def forward(self, x):
        N, L, Q = x.shape
        h = x.new_zeros(N, self.hidden_dim)
        c = x.new_zeros(N, self.hidden_dim)
        gates_x = self.x_lin(x)
        hs = []
        for t in range(L):
            i, f, o, g = (gates_x[:, t] + self.h_lin(h)).split(self.hidden_dim, dim=1)
            c = c * f.sigmoid() + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            hs.append(h.unsqueeze(0))
        Y = torch.cat(hs, dim=0)
        Y = Y.view(N, L, self.hidden_dim)  # <<<
        return Y, (h, c)
