# role: attention
# verdict: wrong
# fault: scale_multiplied
# object: Attention
# about: the scores are multiplied by sqrt(d) instead of divided
import torch
from torch import nn


class Attention(nn.Module):
    """Single head attention over [N, L, D] sequences."""

    def __init__(self, dropout=0.0):
        super().__init__()
        self.drop = nn.Dropout(dropout)

    def forward(self, q, k, v, mask=None):
        scale = q.size(-1) ** 0.5
        att = torch.bmm(q, k.transpose(1, 2)) * scale  # <<<
        if mask is not None:  # 1 = visible, 0 = padded
            att = att.masked_fill(mask == 0, float('-inf'))
        att = torch.softmax(att, dim=2)
        return torch.bmm(self.drop(att), v)
