# role: multi_head_attention
# verdict: wrong
# fault: mask_transposed
# object: MultiHeadAttention
# about: a padding mask [B, L] is spread along the query axis
import math
import torch
import torch.nn as nn


class MultiHeadAttention(nn.Module):
    """pad_mask: bool [B, L], True for words and False for <pad>"""

    def __init__(self, hid_dim, n_heads, dropout=0.0):
        super().__init__()
        assert hid_dim % n_heads == 0
        self.hid_dim = hid_dim
        self.n_heads = n_heads
        self.head_dim = hid_dim // n_heads
        self.fc_q = nn.Linear(hid_dim, hid_dim)
        self.fc_k = nn.Linear(hid_dim, hid_dim)
        self.fc_v = nn.Linear(hid_dim, hid_dim)
        self.fc_o = nn.Linear(hid_dim, hid_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, pad_mask=None):
        batch_size = x.shape[0]
        # Q, K, V: [batch size, n heads, len, head dim]
        Q = self.fc_q(x).view(batch_size, -1, self.n_heads, self.head_dim).permute(0, 2, 1, 3)
        K = self.fc_k(x).view(batch_size, -1, self.n_heads, self.head_dim).permute(0, 2, 1, 3)
        V = self.fc_v(x).view(batch_size, -1, self.n_heads, self.head_dim).permute(0, 2, 1, 3)
        energy = torch.matmul(Q, K.permute(0, 1, 3, 2)) / math.sqrt(self.head_dim)
        if pad_mask is not None:
            pad_mask = pad_mask.unsqueeze(1).unsqueeze(-1)  # <<<
            energy = energy.masked_fill(pad_mask == 0, -1e10)
        attention = torch.softmax(energy, dim=-1)
        x = torch.matmul(self.dropout(attention), V)
        x = x.permute(0, 2, 1, 3).contiguous().view(batch_size, -1, self.hid_dim)
        return self.fc_o(x), attention
