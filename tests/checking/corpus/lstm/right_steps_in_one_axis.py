# role: lstm
# verdict: right
# object: NextCharLSTM
# about: tokens by samples, turned inside; the scores of all steps and samples lie in one axis, steps first

import torch.nn.functional as F
from torch import nn


class NextCharLSTM(nn.Module):
    def __init__(self, vocab_size, num_hiddens):
        super().__init__()
        self.vocab_size = vocab_size
        self.core = nn.LSTM(vocab_size, num_hiddens)
        self.scores = nn.Linear(num_hiddens, vocab_size)

    def forward(self, tokens, state=None):
        hot = F.one_hot(tokens.t().long(), self.vocab_size).float()
        seen, state = self.core(hot, state)
        return self.scores(seen.reshape(-1, seen.shape[-1])), state
