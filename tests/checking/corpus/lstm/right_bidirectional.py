# role: lstm
# verdict: right
# object: BiLSTM
# about: bidirectional with cat(h_fwd, h_bwd) from hn

import torch
import torch.nn as nn


class BiLSTM(nn.Module):
    def __init__(self, emb_dim, hidden_dim, n_classes, num_layers=1):
        super().__init__()
        self.rnn = nn.LSTM(emb_dim, hidden_dim, num_layers=num_layers, bidirectional=True, batch_first=True)
        self.out = nn.Linear(2 * hidden_dim, n_classes)

    def forward(self, x):
        _, (h_n, _) = self.rnn(x)
        # 마지막 layer의 정방향, 역방향
        h_fwd, h_bwd = h_n[-2], h_n[-1]
        return self.out(torch.cat([h_fwd, h_bwd], dim=1))
