# role: lstm
# verdict: wrong
# fault: hn_transposed
# object: SentimentNet
# about: the two directions are joined by a reshape of [2 N D] to [N 2D]

import torch.nn as nn


class SentimentNet(nn.Module):
    def __init__(self, emb_dim: int, hidden_size: int, n_class: int = 2):
        super().__init__()
        self.hidden_size = hidden_size
        self.encoder = nn.LSTM(emb_dim, hidden_size, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.5)
        self.out = nn.Linear(hidden_size * 2, n_class)

    def forward(self, x):
        _, (hidden, _) = self.encoder(x)
        # 양방향 hidden을 이어붙임
        hidden = hidden.reshape(-1, self.hidden_size * 2)  # <<<
        return self.out(self.dropout(hidden))
