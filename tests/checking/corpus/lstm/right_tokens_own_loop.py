# role: lstm
# verdict: right
# object: TextLSTM
# about: words in, one step at a time

import torch
from torch import nn


class TextLSTM(nn.Module):
    def __init__(self, vocab_size, embed_dim, hidden_dim, num_classes):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.cell = nn.LSTMCell(embed_dim, hidden_dim)
        self.fc = nn.Linear(hidden_dim, num_classes)

    def forward(self, tokens):
        x = self.embedding(tokens)
        state = None
        for x_t in x.unbind(1):
            state = self.cell(x_t, state)
        return self.fc(state[0])
