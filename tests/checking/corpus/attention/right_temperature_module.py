# role: attention
# verdict: right
# object: ScaledDotProductAttention
# about: module with the scale handed over as a temperature (sqrt of d_k), query divided before the product
import torch
import torch.nn as nn
import torch.nn.functional as F


class ScaledDotProductAttention(nn.Module):
    ''' Scaled Dot-Product Attention

    temperature: sqrt(d_k) of the heads this module is used for
    mask: 0 where a position may not be attended to
    '''

    def __init__(self, temperature=8 ** 0.5, attn_dropout=0.1):
        super().__init__()
        self.temperature = temperature
        self.dropout = nn.Dropout(attn_dropout)

    def forward(self, q, k, v, mask=None):

        attn = torch.matmul(q / self.temperature, k.transpose(2, 3))

        if mask is not None:
            attn = attn.masked_fill(mask == 0, -1e9)

        attn = self.dropout(F.softmax(attn, dim=-1))
        output = torch.matmul(attn, v)

        return output, attn
