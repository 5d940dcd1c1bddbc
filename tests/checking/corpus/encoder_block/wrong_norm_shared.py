# role: encoder_block
# verdict: wrong
# fault: norm_shared
# object: Block
# about: norm1 is used before the MLP too, norm2 is declared and never called
import torch
import torch.nn as nn


class Block(nn.Module):
    def __init__(self, dim, n_heads, mlp_ratio=4.0, qkv_bias=True, p=0., attn_p=0.):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = nn.MultiheadAttention(dim, n_heads, dropout=attn_p, bias=qkv_bias, batch_first=True)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        hidden_features = int(dim * mlp_ratio)
        self.fc1 = nn.Linear(dim, hidden_features)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(hidden_features, dim)
        self.drop = nn.Dropout(p)

    def forward(self, x):
        y = self.norm1(x)
        y, _ = self.attn(y, y, y)
        x = x + self.drop(y)
        y = self.norm1(x)  # <<<
        y = self.drop(self.act(self.fc1(y)))
        y = self.drop(self.fc2(y))
        return x + y
