# role: multi_head_attention
# verdict: wrong
# fault: merge_without_transpose
# object: MultiHeadAttention
# about: the heads are split well but merged by a view without transposing back
import numpy as np
import torch
import torch.nn as nn


class MultiHeadAttention(nn.Module):
    def __init__(self, d_feat=128, n_head=4, dropout_p=0.0):
        super().__init__()
        self.d_feat = d_feat
        self.n_head = n_head
        self.d_head = d_feat // n_head
        self.fc_Q = nn.Linear(d_feat, d_feat, bias=True)
        self.fc_K = nn.Linear(d_feat, d_feat, bias=True)
        self.fc_V = nn.Linear(d_feat, d_feat, bias=True)
        self.fc_O = nn.Linear(d_feat, d_feat, bias=True)
        self.dropout = nn.Dropout(p=dropout_p)

    def forward(self, Q, K, V, mask=None):
        n_batch = Q.shape[0]
        Q_feat = self.fc_Q(Q)
        K_feat = self.fc_K(K)
        V_feat = self.fc_V(V)

        # [n_batch, n_head, n_Q, d_head]
        Q_split = Q_feat.view(n_batch, -1, self.n_head, self.d_head).permute(0, 2, 1, 3)
        K_split = K_feat.view(n_batch, -1, self.n_head, self.d_head).permute(0, 2, 1, 3)
        V_split = V_feat.view(n_batch, -1, self.n_head, self.d_head).permute(0, 2, 1, 3)

        d_K = K_split.size()[-1]
        scores = torch.matmul(Q_split, K_split.permute(0, 1, 3, 2)) / np.sqrt(d_K)
        if mask is not None:
            scores = scores.masked_fill(mask == 0, -1e9)
        attention = torch.softmax(scores, dim=-1)

        x_raw = torch.matmul(self.dropout(attention), V_split)
        x_rsh = x_raw.contiguous().view(n_batch, -1, self.d_feat)  # <<<
        x = self.fc_O(x_rsh)
        return x, attention
