# role: lstm
# verdict: wrong
# fault: state_random
# object: LSTMTagger
# about: init_hidden draws the initial state from N(0, 1) at each call, also in eval mode
# round: held-out

import torch
import torch.nn as nn


class LSTMTagger(nn.Module):

    def __init__(self, embedding_dim, hidden_dim, tagset_size):
        super(LSTMTagger, self).__init__()
        self.hidden_dim = hidden_dim
        self.n_layers = 1
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers=self.n_layers, batch_first=True)
        self.hidden2tag = nn.Linear(hidden_dim, tagset_size)

    def init_hidden(self, batch_size):
        weight = next(self.parameters())
        shape = (self.n_layers, batch_size, self.hidden_dim)
        return tuple(torch.randn(shape, dtype=weight.dtype, device=weight.device) for _ in range(2))  # <<<

    def forward(self, embeds):
        self.hidden = self.init_hidden(embeds.size(0))
        lstm_out, self.hidden = self.lstm(embeds, self.hidden)
        tag_space = self.hidden2tag(lstm_out)
        return tag_space
