# role: multi_head_attention
# verdict: wrong
# fault: dropout_in_eval
# object: Attn
# about: F.dropout on the weights with its default training=True
import torch
import torch.nn as nn
import torch.nn.functional as F


class Attn(nn.Module):
    def __init__(self, hid=32, heads=4, drop=0.2):
        super().__init__()
        self.heads, self.drop = heads, drop
        self.qkv = nn.Linear(hid, hid * 3)
        self.o = nn.Linear(hid, hid)

    def forward(self, x):
        N, L, D = x.shape
        q, k, v = self.qkv(x).view(N, L, 3, self.heads, D // self.heads).unbind(2)
        a = torch.einsum('nqhd,nkhd->nhqk', q, k) / (D // self.heads) ** 0.5
        a = F.dropout(F.softmax(a, -1), p=self.drop)  # <<<
        y = torch.einsum('nhqk,nkhd->nqhd', a, v).reshape(N, L, D)
        return self.o(y)
