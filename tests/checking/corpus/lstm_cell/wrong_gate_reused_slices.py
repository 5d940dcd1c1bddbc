# role: lstm_cell
# verdict: wrong
# fault: gate_reused
# object: LSTMCell
# about: a slip in the slice bounds: the forget gate reads the input gate's quarter
# round: held-out

import torch
import torch.nn as nn
import torch.nn.functional as F


def linear_params(out_features, in_features):
    return nn.Parameter(nn.init.kaiming_uniform_(torch.empty(out_features, in_features), a=5 ** 0.5))


class LSTMCell(nn.Module):
    num_gates = 4

    def __init__(self, size_in, size_out):
        super().__init__()
        self.n = size_out
        self.w_x = linear_params(self.num_gates * size_out, size_in)
        self.w_h = linear_params(self.num_gates * size_out, size_out)
        self.b = nn.Parameter(torch.zeros(self.num_gates * size_out))

    def forward(self, x, state):
        (h, c), n = state, self.n
        s = F.linear(x, self.w_x) + F.linear(h, self.w_h, self.b)
        in_gate = torch.sigmoid(s[:, 0 * n:1 * n])
        forget_gate = torch.sigmoid(s[:, 0 * n:1 * n])  # <<<
        out_gate = torch.sigmoid(s[:, 2 * n:3 * n])
        in_transform = torch.tanh(s[:, 3 * n:4 * n])
        c = forget_gate * c + in_gate * in_transform
        h = out_gate * torch.tanh(c)
        return h, c
