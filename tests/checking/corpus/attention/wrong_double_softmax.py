# role: attention
# verdict: wrong
# fault: double_softmax
# object: ScaledDotProductAttention
# about: the softmaxed weights go through a softmax once more before they meet the values
import math
import torch
import torch.nn as nn
import torch.nn.functional as F


class ScaledDotProductAttention(nn.Module):
    def __init__(self, dropout=0.):
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def score(self, q, k, mask):
        s = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(q.size(-1))
        if mask is not None:
            # 0 -> 가림
            s = s.masked_fill(mask == 0, -1e9)
        return F.softmax(s, dim=-1)

    def forward(self, q, k, v, mask=None):
        attn = self.score(q, k, mask)
        attn = F.softmax(attn, dim=-1)  # <<<
        attn = self.dropout(attn)
        return torch.matmul(attn, v), attn
