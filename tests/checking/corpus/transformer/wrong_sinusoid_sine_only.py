# role: transformer
# verdict: wrong
# fault: sinusoid_wrong
# object: EncoderModel
# about: the odd columns repeat the sine where the cosine belongs
import math
import torch
from torch import nn


class SinusoidalPE(nn.Module):
    """Fixed encoding of Vaswani et al., 2017."""

    def __init__(self, num_hiddens, max_len=512):
        super().__init__()
        P = torch.zeros((1, max_len, num_hiddens))
        X = torch.arange(max_len, dtype=torch.float32).reshape(-1, 1) / torch.pow(
            10000, torch.arange(0, num_hiddens, 2, dtype=torch.float32) / num_hiddens)
        P[:, :, 0::2] = torch.sin(X)
        P[:, :, 1::2] = torch.sin(X)  # <<<
        self.register_buffer("P", P)

    def forward(self, X):
        return X + self.P[:, :X.shape[1], :]


class EncoderModel(nn.Module):
    def __init__(self, vocab=60, num_hiddens=32, num_heads=4, ffn=64, num_blks=2, dropout=0.0):
        super().__init__()
        self.num_hiddens = num_hiddens
        self.embedding = nn.Embedding(vocab, num_hiddens)
        self.pos_encoding = SinusoidalPE(num_hiddens)
        self.dropout = nn.Dropout(dropout)
        self.blks = nn.Sequential()
        for i in range(num_blks):
            self.blks.add_module(f"block{i}", nn.TransformerEncoderLayer(
                num_hiddens, num_heads, ffn, dropout, batch_first=True))

    def forward(self, tokens):
        X = self.embedding(tokens) * math.sqrt(self.num_hiddens)
        return self.blks(self.dropout(self.pos_encoding(X)))
