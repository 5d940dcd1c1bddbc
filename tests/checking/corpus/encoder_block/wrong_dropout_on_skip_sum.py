# role: encoder_block
# verdict: wrong
# fault: dropout_on_skip
# object: TransformerBlock
# about: dropout is applied to the normalised sum, so the skip path is dropped as well
import torch
import torch.nn as nn


class TransformerBlock(nn.Module):
    def __init__(self, embed_size, heads, dropout=0.1, forward_expansion=4):
        super(TransformerBlock, self).__init__()
        self.attention = nn.MultiheadAttention(embed_size, heads, batch_first=True)
        self.norm1 = nn.LayerNorm(embed_size)
        self.norm2 = nn.LayerNorm(embed_size)

        self.feed_forward = nn.Sequential(
            nn.Linear(embed_size, forward_expansion * embed_size),
            nn.ReLU(),
            nn.Linear(forward_expansion * embed_size, embed_size),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        attention, _ = self.attention(x, x, x)
        x = self.norm1(attention + x)
        forward = self.feed_forward(x)
        out = self.dropout(self.norm2(forward + x))  # <<<
        return out
