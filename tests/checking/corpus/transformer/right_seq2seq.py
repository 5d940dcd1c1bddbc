# role: transformer
# verdict: right
# object: Seq2SeqTransformer
# about: encoder and decoder with cross-attention, sines for positions, embeddings times sqrt(width)
import math

import torch
from torch import nn


class Places(nn.Module):
    def __init__(self, width, longest=64):
        super().__init__()
        t = torch.arange(longest).unsqueeze(1)
        rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
        table = torch.zeros(1, longest, width)
        table[0, :, 0::2], table[0, :, 1::2] = torch.sin(t * rate), torch.cos(t * rate)
        self.register_buffer("table", table)
        self.drop = nn.Dropout(0.1)

    def forward(self, x):
        return self.drop(x + self.table[:, : x.size(1)])


class Seq2SeqTransformer(nn.Module):
    def __init__(self, src_vocab=20, tgt_vocab=20, emb_size=32, nhead=4, num_layers=2):
        super().__init__()
        self.body = nn.Transformer(emb_size, nhead, num_layers, num_layers, 64, batch_first=True)
        self.src, self.tgt = nn.Embedding(src_vocab, emb_size), nn.Embedding(tgt_vocab, emb_size)
        self.place, self.scale = Places(emb_size), math.sqrt(emb_size)
        self.out = nn.Linear(emb_size, tgt_vocab)

    def forward(self, src, tgt):
        mask = nn.Transformer.generate_square_subsequent_mask(tgt.size(1))
        return self.out(self.body(self.place(self.src(src) * self.scale), self.place(self.tgt(tgt) * self.scale), tgt_mask=mask))
