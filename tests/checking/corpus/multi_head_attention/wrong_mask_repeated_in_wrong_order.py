# role: multi_head_attention
# verdict: wrong
# fault: mask_repeated_in_wrong_order
# object: MultiHeadAttention
# about: scores are (batch * heads) with the batch outermost, the mask is repeated with the heads outermost
import torch
import torch.nn as nn


class MultiHeadAttention(nn.Module):
    """q, k, v: [N, L, D]; mask: bool [N, L, L], True where attention is NOT allowed."""

    def __init__(self, n_head, d_model, dropout=0.):
        super().__init__()
        self.n_head = n_head
        self.d_k = d_model // n_head
        self.w_qs = nn.Linear(d_model, d_model)
        self.w_ks = nn.Linear(d_model, d_model)
        self.w_vs = nn.Linear(d_model, d_model)
        self.fc = nn.Linear(d_model, d_model)
        self.dropout = nn.Dropout(dropout)

    def to_heads(self, x):
        N, L, D = x.shape
        x = x.view(N, L, self.n_head, self.d_k).permute(0, 2, 1, 3)
        return x.reshape(N * self.n_head, L, self.d_k)

    def forward(self, q, k, v, mask=None):
        N, L, D = q.shape
        q, k, v = self.to_heads(self.w_qs(q)), self.to_heads(self.w_ks(k)), self.to_heads(self.w_vs(v))
        attn = torch.bmm(q, k.transpose(1, 2)) / self.d_k ** 0.5
        if mask is not None:
            mask = mask.repeat(self.n_head, 1, 1)  # <<<
            attn = attn.masked_fill(mask, -1e9)
        attn = self.dropout(torch.softmax(attn, dim=2))
        out = torch.bmm(attn, v).view(N, self.n_head, L, self.d_k)
        out = out.permute(0, 2, 1, 3).reshape(N, L, D)
        return self.fc(out)
