# role: multi_head_attention
# verdict: right
# object: SelfAttention
# about: wraps nn.MultiheadAttention with batch_first=True and a lengths argument
import torch
import torch.nn as nn


class SelfAttention(nn.Module):
    def __init__(self, hidden_size, num_attention_heads, dropout=0.0):
        super().__init__()
        self.mha = nn.MultiheadAttention(hidden_size, num_attention_heads,
                                         dropout=dropout, batch_first=True)

    def forward(self, x, lengths=None):
        pad = None
        if lengths is not None:
            steps = torch.arange(x.size(1), device=x.device)
            pad = steps[None, :] >= lengths[:, None]   # True = padding
        out, weights = self.mha(x, x, x, key_padding_mask=pad)
        return out, weights
