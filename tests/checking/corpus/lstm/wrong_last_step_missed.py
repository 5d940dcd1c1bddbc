# role: lstm
# verdict: wrong
# fault: last_step_missed
# object: SequenceModel
# about: the loop over time ends one step early, so the readout never sees the last step

import torch
import torch.nn as nn


class SequenceModel(nn.Module):
    def __init__(self, n_features, n_hidden, n_out):
        super().__init__()
        self.n_hidden = n_hidden
        self.cell = nn.LSTMCell(n_features, n_hidden)
        self.out = nn.Linear(n_hidden, n_out)

    def forward(self, x):
        batch_size, seq_len, _ = x.shape
        h = torch.zeros(batch_size, self.n_hidden, dtype=x.dtype, device=x.device)
        c = torch.zeros(batch_size, self.n_hidden, dtype=x.dtype, device=x.device)
        for t in range(seq_len - 1):  # <<<
            h, c = self.cell(x[:, t, :], (h, c))
        return self.out(h)
