# role: lstm
# verdict: right
# object: StackedLSTM
# about: two layers of nn.LSTMCell stepped together, dropout between the layers

import torch
import torch.nn as nn


class StackedLSTM(nn.Module):
    def __init__(self, input_dim: int, hidden_dim: int, n_layers: int = 2, dropout: float = 0.0):
        super().__init__()
        self.hidden_dim = hidden_dim
        self.cells = nn.ModuleList(
            [nn.LSTMCell(input_dim if k == 0 else hidden_dim, hidden_dim) for k in range(n_layers)]
        )
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        n, length = x.size(0), x.size(1)
        h = [x.new_zeros(n, self.hidden_dim) for _ in self.cells]
        c = [x.new_zeros(n, self.hidden_dim) for _ in self.cells]
        outputs = []
        for t in range(length):
            inp = x[:, t, :]
            for k, cell in enumerate(self.cells):
                h[k], c[k] = cell(inp, (h[k], c[k]))
                inp = self.drop(h[k]) if k < len(self.cells) - 1 else h[k]
            outputs.append(inp)
        return torch.stack(outputs, 1), (torch.stack(h), torch.stack(c))
