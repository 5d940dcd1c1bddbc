# role: lstm
# verdict: wrong
# fault: readout_last_sample
# object: LSTMRegressor
# about: the helper that is to take the last step indexes [-1] on [N L D]
# round: held-out

import torch
import torch.nn as nn


class TakeLast(nn.Module):
    def forward(self, rnn_output):
        y, _ = rnn_output
        return y[-1]  # <<<


class LSTMRegressor(nn.Module):
    input_dim = 1
    hidden_dim = 16

    def __init__(self, n_outputs: int = 1, **lstm_kwargs):
        super().__init__()
        lstm_kwargs.setdefault("num_layers", 1)
        self.net = nn.Sequential(
            nn.LSTM(self.input_dim, self.hidden_dim, batch_first=True, **lstm_kwargs),
            TakeLast(),
            nn.ReLU(),
            nn.Linear(self.hidden_dim, n_outputs),
        )

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """window: [batch, length, 1]"""
        return self.net(window)
