# role: attention
# verdict: wrong
# fault: mask_after_softmax
# object: ScaledDotProductAttention
# about: hidden keys are set to zero after the softmax, so the weights of a row no longer sum to one
import torch
import torch.nn as nn
import torch.nn.functional as F


class ScaledDotProductAttention(nn.Module):

    def __init__(self, dropout: float = 0.0):
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def forward(self, q, k, v, mask=None):
        # q, k, v: (B, H, T, d_k); mask broadcastable to (B, H, T, T), 1 keep / 0 drop
        logits = q @ k.transpose(-2, -1) * q.size(-1) ** -0.5
        weights = F.softmax(logits, dim=-1)
        if mask is not None:
            weights = weights.masked_fill(mask == 0, 0.0)  # <<<
        weights = self.dropout(weights)
        return weights @ v, weights
