# role: multi_head_attention
# verdict: wrong
# fault: value_projection_unused
# object: MHSA
# about: the raw input is split into heads as the values, the value layer is declared and never called
import torch
import torch.nn as nn
import torch.nn.functional as F


class MHSA(nn.Module):
    def __init__(self, hidden_dim, n_heads=4, dropout=0.0):
        super().__init__()
        assert hidden_dim % n_heads == 0
        self.hidden_dim = hidden_dim
        self.n_heads = n_heads
        self.head_dim = hidden_dim // n_heads
        self.fc_q = nn.Linear(hidden_dim, hidden_dim)
        self.fc_k = nn.Linear(hidden_dim, hidden_dim)
        self.fc_v = nn.Linear(hidden_dim, hidden_dim)
        self.fc_o = nn.Linear(hidden_dim, hidden_dim)
        self.dropout = dropout

    def forward(self, x):
        batch_size = x.shape[0]
        Q = self.fc_q(x).view(batch_size, -1, self.n_heads, self.head_dim).permute(0, 2, 1, 3)
        K = self.fc_k(x).view(batch_size, -1, self.n_heads, self.head_dim).permute(0, 2, 1, 3)
        V = x.view(batch_size, -1, self.n_heads, self.head_dim).permute(0, 2, 1, 3)  # <<<
        p = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(Q, K, V, dropout_p=p)
        y = y.permute(0, 2, 1, 3).contiguous().view(batch_size, -1, self.hidden_dim)
        return self.fc_o(y)
