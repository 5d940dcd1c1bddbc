# role: lstm
# verdict: wrong
# fault: bidirectional_last_step
# object: BidirectionalLSTM
# about: hand-made bidirection: the backward outputs are flipped back and then the last step is taken

import torch
import torch.nn as nn


class BidirectionalLSTM(nn.Module):
    def __init__(self, d_in, d_hid, d_out):
        super().__init__()
        self.fwd = nn.LSTM(d_in, d_hid, batch_first=True)
        self.bwd = nn.LSTM(d_in, d_hid, batch_first=True)
        self.head = nn.Linear(2 * d_hid, d_out)

    def forward(self, x):
        y_f, _ = self.fwd(x)
        y_b, _ = self.bwd(x.flip(1))
        y = torch.cat([y_f, y_b.flip(1)], dim=-1)
        last = y[:, -1]  # <<<
        return self.head(last)
