# role: attention
# verdict: wrong
# fault: scale_by_d
# object: ScaledDotProductAttention
# about: divides by d_k where its square root is meant
import torch
import torch.nn as nn


class ScaledDotProductAttention(nn.Module):
    def __init__(self):
        super(ScaledDotProductAttention, self).__init__()
        self.softmax = nn.Softmax(dim=-1)

    def forward(self, Q, K, V, mask=None):
        # mask == 0 인 곳은 보지 않음
        n_batch, n_head, n_len, d_K = K.size()
        scores = Q @ K.transpose(2, 3) / d_K  # <<<
        if mask is not None:
            scores = scores.masked_fill(mask == 0, -1e9)
        attention = self.softmax(scores)
        return attention @ V, attention
