# role: encoder_block
# verdict: wrong
# fault: skip_from_normalised
# object: ViTBlock
# about: x is overwritten by norm(x) before the attention is added, so the skip carries the normalised input
import torch
import torch.nn as nn


class ViTBlock(nn.Module):
    def __init__(self, dim=64, heads=4, mlp_dim=128, dropout=0.):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(dim, heads, dropout=dropout, batch_first=True)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, mlp_dim), nn.GELU(), nn.Dropout(dropout),
                                 nn.Linear(mlp_dim, dim), nn.Dropout(dropout))

    def forward(self, x):
        x = self.norm1(x)  # <<<
        x = x + self.attn(x, x, x)[0]
        x = x + self.mlp(self.norm2(x))
        return x
