# role: multi_head_attention
# verdict: wrong
# fault: scale_by_length
# object: MultiHeadAttention
# about: K is laid out as [b h d k] when its last axis is taken for the scale
import numpy as np
import torch
import torch.nn as nn


class MultiHeadAttention(nn.Module):
    def __init__(self, d_feat=64, n_head=4, dropout_p=0.0):
        super().__init__()
        assert d_feat % n_head == 0
        self.d_feat = d_feat
        self.n_head = n_head
        self.d_head = d_feat // n_head
        self.lin_Q = nn.Linear(d_feat, d_feat)
        self.lin_K = nn.Linear(d_feat, d_feat)
        self.lin_V = nn.Linear(d_feat, d_feat)
        self.lin_O = nn.Linear(d_feat, d_feat)
        self.dropout = nn.Dropout(p=dropout_p)

    def forward(self, Q, K, V, mask=None):
        n_batch = Q.shape[0]
        Q = self.lin_Q(Q).view(n_batch, -1, self.n_head, self.d_head).permute(0, 2, 1, 3)
        K = self.lin_K(K).view(n_batch, -1, self.n_head, self.d_head).permute(0, 2, 3, 1)
        V = self.lin_V(V).view(n_batch, -1, self.n_head, self.d_head).permute(0, 2, 1, 3)

        d_K = K.size()[-1]  # <<<
        scores = torch.matmul(Q, K) / np.sqrt(d_K)
        if mask is not None:
            scores = scores.masked_fill(mask == 0, -1e9)
        attention = torch.softmax(scores, dim=-1)

        x = torch.matmul(self.dropout(attention), V)
        x = x.permute(0, 2, 1, 3).contiguous().view(n_batch, -1, self.d_feat)
        return self.lin_O(x), attention
