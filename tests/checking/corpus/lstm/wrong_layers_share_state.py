# role: lstm
# verdict: wrong
# fault: layers_share_state
# object: DeepLSTM
# about: one (h, c) pair is passed through all layers, so each layer reads its neighbour's state

import torch
import torch.nn as nn


class DeepLSTM(nn.Module):
    """Stacked LSTM, x [N, L, Q] -> Y [N, L, D]."""

    def __init__(self, input_size, hidden_size, num_layers=2):
        super().__init__()
        self.hidden_size = hidden_size
        self.layers = nn.ModuleList()
        for layer in range(num_layers):
            self.layers.append(nn.LSTMCell(input_size if layer == 0 else hidden_size, hidden_size))

    def forward(self, x):
        batch, seq_len, _ = x.shape
        h = torch.zeros(batch, self.hidden_size, device=x.device, dtype=x.dtype)
        c = torch.zeros(batch, self.hidden_size, device=x.device, dtype=x.dtype)
        ys = []
        for t in range(seq_len):
            out = x[:, t]
            for cell in self.layers:
                h, c = cell(out, (h, c))  # <<<
                out = h
            ys.append(out)
        return torch.stack(ys, dim=1)
