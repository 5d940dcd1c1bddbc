# role: attention
# verdict: wrong
# fault: mask_ignored
# object: ScaledDotProductAttention
# about: the masked scores are kept under another name and the softmax takes the unmasked ones
import torch
import torch.nn as nn
import torch.nn.functional as F


class ScaledDotProductAttention(nn.Module):
    def __init__(self, temperature, attn_dropout=0.0):
        super().__init__()
        self.temperature = temperature
        self.dropout = nn.Dropout(attn_dropout)

    def forward(self, q, k, v, mask=None):
        """mask [B, Lq, Lk]: 0 이면 가림"""
        attn = torch.matmul(q / self.temperature, k.transpose(1, 2))
        if mask is not None:
            masked_attn = attn.masked_fill(mask == 0, -1e9)
        attn = self.dropout(F.softmax(attn, dim=-1))  # <<<
        output = torch.matmul(attn, v)
        return output, attn
