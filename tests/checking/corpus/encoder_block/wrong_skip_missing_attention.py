# role: encoder_block
# verdict: wrong
# fault: skip_missing
# object: EncoderLayer
# about: no residual connection around the attention
import torch
import torch.nn as nn
import torch.nn.functional as F


class EncoderLayer(nn.Module):
    def __init__(self, d_model=64, n_head=4, d_ff=256, drop_prob=0.1):
        super().__init__()
        self.attention = nn.MultiheadAttention(embed_dim=d_model, num_heads=n_head, batch_first=True)
        self.norm1 = nn.LayerNorm(d_model)
        self.dropout1 = nn.Dropout(p=drop_prob)
        self.fc1 = nn.Linear(d_model, d_ff)
        self.fc2 = nn.Linear(d_ff, d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.dropout2 = nn.Dropout(p=drop_prob)

    def forward(self, x):
        # 1. compute self attention
        out, attn = self.attention(x, x, x)
        # 2. add and norm
        x = self.norm1(self.dropout1(out))  # <<<
        # 3. positionwise feed forward network
        _x = x
        x = self.fc2(F.relu(self.fc1(x)))
        # 4. add and norm
        x = self.norm2(self.dropout2(x) + _x)
        return x
