# role: encoder_block
# verdict: wrong
# fault: keys_values_not_normalised
# object: Block
# about: only the query goes through the first norm of a pre-norm block
# round: held-out
import torch
from torch import nn


class Block(nn.Module):
    """Pre-LN transformer encoder block."""

    def __init__(self, num_heads: int, dim: int, expand: int = 2, p: float = 0.0):
        super().__init__()
        self.ln = nn.ModuleDict(dict(msa=nn.LayerNorm(dim), mlp=nn.LayerNorm(dim)))
        self.msa = nn.MultiheadAttention(dim, num_heads, p, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(dim, expand * dim), nn.GELU(), nn.Linear(expand * dim, dim))
        self.dropout = nn.Dropout(p)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y, _ = self.msa(self.ln["msa"](x), x, x, need_weights=False)  # <<<
        x = x + self.dropout(y)
        return x + self.dropout(self.mlp(self.ln["mlp"](x)))
