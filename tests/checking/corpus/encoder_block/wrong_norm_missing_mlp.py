# role: encoder_block
# verdict: wrong
# fault: norm_missing
# object: EncoderBlock
# about: the second norm of a pre-norm block is declared and not called
import torch
from torch import nn


class EncoderBlock(nn.Module):
    """pre-LN encoder block"""

    def __init__(self, dim, heads, mlp_dim, dropout=0.):
        super().__init__()
        self.att_norm = nn.LayerNorm(dim)
        self.att = nn.MultiheadAttention(dim, heads, dropout, batch_first=True)
        self.ff_norm = nn.LayerNorm(dim)
        self.ff = nn.Sequential(nn.Linear(dim, mlp_dim), nn.GELU(), nn.Dropout(dropout),
                                nn.Linear(mlp_dim, dim), nn.Dropout(dropout))

    def forward(self, x):
        # attention
        res = x
        x = self.att_norm(x)
        x, _ = self.att(x, x, x)
        x = x + res
        # feed forward
        res = x
        x = self.ff(x)  # <<<
        return x + res
