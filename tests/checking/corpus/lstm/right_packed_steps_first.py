# role: lstm
# verdict: right
# object: ReviewLSTM
# about: words first by steps, lengths are needed, the last states of both directions side by side

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence


class ReviewLSTM(nn.Module):
    def __init__(self, n_words, emb, hid, n_out):
        super().__init__()
        self.words = nn.Embedding(n_words, emb)
        self.lstm = nn.LSTM(emb, hid, bidirectional=True)
        self.out = nn.Linear(2 * hid, n_out)

    def forward(self, review, review_lengths):
        packed = pack_padded_sequence(self.words(review), review_lengths.cpu(), enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.out(torch.cat([h[-2], h[-1]], 1))
