# role: lstm_cell
# verdict: right
# object: NaiveLSTMCell
# about: raw nn.Parameters multiplied from the right, keeps the usual shapes [in, H]

import torch
import torch.nn as nn


class NaiveLSTMCell(nn.Module):
    def __init__(self, input_sz, hidden_sz):
        super().__init__()
        self.input_sz = input_sz
        self.hidden_size = hidden_sz

        def triple():
            return (
                nn.Parameter(torch.randn(input_sz, hidden_sz) * 0.1),
                nn.Parameter(torch.randn(hidden_sz, hidden_sz) * 0.1),
                nn.Parameter(torch.zeros(hidden_sz)),
            )

        self.U_i, self.V_i, self.b_i = triple()
        self.U_f, self.V_f, self.b_f = triple()
        self.U_c, self.V_c, self.b_c = triple()
        self.U_o, self.V_o, self.b_o = triple()

    def forward(self, x_t, states):
        h_t, c_t = states
        i_t = torch.sigmoid(x_t @ self.U_i + h_t @ self.V_i + self.b_i)
        f_t = torch.sigmoid(x_t @ self.U_f + h_t @ self.V_f + self.b_f)
        g_t = torch.tanh(x_t @ self.U_c + h_t @ self.V_c + self.b_c)
        o_t = torch.sigmoid(x_t @ self.U_o + h_t @ self.V_o + self.b_o)
        c_t = f_t * c_t + i_t * g_t
        h_t = o_t * torch.tanh(c_t)
        return h_t, c_t
