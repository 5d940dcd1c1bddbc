# role: lstm_cell
# verdict: right
# object: LSTMCell
# about: a port of the Keras cell: kernel, recurrent_kernel, order i f c o, returns h, [h, c]
# round: held-out

from typing import List, Tuple

import torch
import torch.nn as nn
from torch import Tensor


class LSTMCell(nn.Module):
    """tf.keras.layers.LSTMCell in PyTorch (implementation 2, unit_forget_bias=True)."""

    def __init__(self, units: int, input_dim: int, activation=torch.tanh, recurrent_activation=torch.sigmoid):
        super().__init__()
        self.units = units
        self.activation = activation
        self.recurrent_activation = recurrent_activation
        self.kernel = nn.Parameter(torch.empty(input_dim, units * 4))
        self.recurrent_kernel = nn.Parameter(torch.empty(units, units * 4))
        self.bias = nn.Parameter(torch.zeros(units * 4))
        self.build()

    def build(self):
        nn.init.xavier_uniform_(self.kernel)
        nn.init.orthogonal_(self.recurrent_kernel)
        with torch.no_grad():
            self.bias[self.units:self.units * 2].fill_(1.0)

    def forward(self, inputs: Tensor, states: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        h_tm1 = states[0]  # previous memory state
        c_tm1 = states[1]  # previous carry state
        z = inputs @ self.kernel
        z = z + h_tm1 @ self.recurrent_kernel
        z = z + self.bias
        c, o = self._compute_carry_and_output_fused(z.chunk(4, dim=1), c_tm1)
        h = o * self.activation(c)
        return h, [h, c]

    def _compute_carry_and_output_fused(self, z, c_tm1):
        z0, z1, z2, z3 = z
        i = self.recurrent_activation(z0)
        f = self.recurrent_activation(z1)
        c = f * c_tm1 + i * self.activation(z2)
        o = self.recurrent_activation(z3)
        return c, o
