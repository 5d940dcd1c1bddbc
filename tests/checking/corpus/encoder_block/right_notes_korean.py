# role: encoder_block
# verdict: right
# object: EncoderBlock
# about: hand-written layer norm, ReLU MLP of hidden_dim, Korean comments, returns (x, attention)
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class LayerNorm(nn.Module):
    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))
        self.beta = nn.Parameter(torch.zeros(dim))
        self.eps = eps

    def forward(self, x):
        mean = x.mean(dim=-1, keepdim=True)
        var = x.var(dim=-1, keepdim=True, unbiased=False)
        return self.gamma * (x - mean) / torch.sqrt(var + self.eps) + self.beta


class EncoderBlock(nn.Module):
    def __init__(self, emb_dim=32, num_heads=4, hidden_dim=64, dropout_p=0.0):
        super().__init__()
        self.n_head = num_heads
        self.d_head = emb_dim // num_heads
        self.norm1 = LayerNorm(emb_dim)
        self.norm2 = LayerNorm(emb_dim)
        self.query = nn.Linear(emb_dim, emb_dim)
        self.key = nn.Linear(emb_dim, emb_dim)
        self.value = nn.Linear(emb_dim, emb_dim)
        self.fc_out = nn.Linear(emb_dim, emb_dim)
        self.linear_1 = nn.Linear(emb_dim, hidden_dim)
        self.linear_2 = nn.Linear(hidden_dim, emb_dim)
        self.dropout = nn.Dropout(dropout_p)

    def split(self, feat):
        # [n_batch, n_head, n, d_head]
        return feat.view(feat.shape[0], -1, self.n_head, self.d_head).permute(0, 2, 1, 3)

    def attend(self, x):
        Q, K, V = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        scores = torch.matmul(Q, K.permute(0, 1, 3, 2)) / np.sqrt(self.d_head)
        attention = torch.softmax(scores, dim=-1)
        context = torch.matmul(attention, V).permute(0, 2, 1, 3).flatten(2)
        return self.fc_out(context), attention

    def forward(self, x):
        # 1) self-attention + 잔차 연결
        out, attention = self.attend(self.norm1(x))
        x = x + self.dropout(out)
        # 2) MLP + 잔차 연결
        h = F.relu(self.linear_1(self.norm2(x)))
        x = x + self.dropout(self.linear_2(h))
        return x, attention
