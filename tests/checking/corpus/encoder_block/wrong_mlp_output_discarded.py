# role: encoder_block
# verdict: wrong
# fault: mlp_output_discarded
# object: TransformerBlock
# about: the sum with the MLP is stored in a name that is not returned
import torch
from torch import nn


class MLP(nn.Module):
    def __init__(self, d, d_ff, p):
        super().__init__()
        self.linear_1 = nn.Linear(d, d_ff)
        self.linear_2 = nn.Linear(d_ff, d)
        self.dropout = nn.Dropout(p)

    def forward(self, x):
        x = self.linear_1(x)
        x = nn.functional.gelu(x)
        x = self.dropout(x)
        return self.linear_2(x)


class TransformerBlock(nn.Module):
    def __init__(self, emb_dim=64, num_heads=4, mlp_dim=128, drop_rate=0.0):
        super().__init__()
        self.ln1 = nn.LayerNorm(emb_dim)
        self.ln2 = nn.LayerNorm(emb_dim)
        self.msa = nn.MultiheadAttention(emb_dim, num_heads, batch_first=True)
        self.mlp = MLP(emb_dim, mlp_dim, drop_rate)
        self.drop = nn.Dropout(drop_rate)

    def forward(self, x):
        z = self.ln1(x)
        z, att = self.msa(z, z, z)
        x = x + self.drop(z)
        z = x + self.drop(self.mlp(self.ln2(x)))
        return x  # <<<
