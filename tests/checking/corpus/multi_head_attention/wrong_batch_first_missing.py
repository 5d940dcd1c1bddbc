# role: multi_head_attention
# verdict: wrong
# fault: batch_first_missing
# object: SelfAttention
# about: nn.MultiheadAttention at its default layout gets [N L D], so the samples attend to one another
import torch
import torch.nn as nn


class SelfAttention(nn.Module):
    """Self attention over a batch of sequences x with shape (batch, seq_len, d_model)."""

    def __init__(self, d_model=64, nhead=4, dropout=0.0):
        super().__init__()
        self.attn = nn.MultiheadAttention(d_model, nhead, dropout=dropout)  # <<<

    def forward(self, x):
        out, weights = self.attn(x, x, x)
        return out
