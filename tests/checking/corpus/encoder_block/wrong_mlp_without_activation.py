# role: encoder_block
# verdict: wrong
# fault: mlp_without_activation
# object: EncoderBlock
# about: two linear layers with only dropout between them
import torch
import torch.nn as nn


class FeedForward(nn.Module):
    def __init__(self, emb_dim, hidden_dim, dropout=0.1):
        super().__init__()
        self.linear_1 = nn.Linear(emb_dim, hidden_dim)
        self.dropout = nn.Dropout(dropout)
        self.linear_2 = nn.Linear(hidden_dim, emb_dim)

    def forward(self, x):
        x = self.linear_1(x)
        x = self.dropout(x)  # <<<
        x = self.linear_2(x)
        return x


class EncoderBlock(nn.Module):
    def __init__(self, emb_dim, num_heads, hidden_dim, dropout=0.1):
        super().__init__()
        self.norm1 = nn.LayerNorm(emb_dim)
        self.norm2 = nn.LayerNorm(emb_dim)
        self.mha = nn.MultiheadAttention(emb_dim, num_heads, batch_first=True)
        self.ff = FeedForward(emb_dim, hidden_dim, dropout)
        self.residual_dropout = nn.Dropout(dropout)

    def forward(self, x):
        h = self.norm1(x)
        h, weights = self.mha(h, h, h)
        x = x + self.residual_dropout(h)
        x = x + self.residual_dropout(self.ff(self.norm2(x)))
        return x
