# role: transformer
# verdict: wrong
# fault: padding_ignored
# object: TextEncoder
# about: a padding mask is computed from the ids but not handed to the layers
import torch
import torch.nn as nn
import torch.nn.functional as F


class Layer(nn.Module):
    def __init__(self, d_model, n_head, d_ff, dropout):
        super().__init__()
        self.attn = nn.MultiheadAttention(d_model, n_head, dropout=dropout, batch_first=True)
        self.fc1 = nn.Linear(d_model, d_ff)
        self.fc2 = nn.Linear(d_ff, d_model)
        self.norm1 = nn.LayerNorm(d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, pad_mask=None):
        h, _ = self.attn(x, x, x, key_padding_mask=pad_mask)
        x = self.norm1(x + self.dropout(h))
        h = self.fc2(F.relu(self.fc1(x)))
        return self.norm2(x + self.dropout(h))


class TextEncoder(nn.Module):
    """ids [N, L] (0 = [PAD]) -> [N, L, D]"""

    def __init__(self, vocab_size=100, d_model=32, n_head=4, d_ff=64, n_layers=2, max_len=64,
                 dropout=0.0, pad_idx=0):
        super().__init__()
        self.pad_idx = pad_idx
        self.tok_emb = nn.Embedding(vocab_size, d_model, padding_idx=pad_idx)
        self.pos_emb = nn.Parameter(torch.randn(1, max_len, d_model) * 0.02)
        self.layers = nn.ModuleList([Layer(d_model, n_head, d_ff, dropout) for _ in range(n_layers)])

    def forward(self, ids):
        pad_mask = ids.eq(self.pad_idx)
        x = self.tok_emb(ids) + self.pos_emb[:, :ids.size(1)]
        for layer in self.layers:
            x = layer(x)  # <<<
        return x
