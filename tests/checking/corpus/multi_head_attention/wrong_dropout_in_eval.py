# role: multi_head_attention
# verdict: wrong
# fault: dropout_in_eval
# object: MultiHeadAttention
# about: dropout_p is handed to scaled_dot_product_attention whether the module trains or not
import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiHeadAttention(nn.Module):
    def __init__(self, d_in, d_out, num_heads, dropout=0.1, qkv_bias=False):
        super().__init__()
        assert d_out % num_heads == 0, "embed_dim is indivisible by num_heads"
        self.num_heads = num_heads
        self.head_dim = d_out // num_heads
        self.d_out = d_out
        self.qkv = nn.Linear(d_in, 3 * d_out, bias=qkv_bias)
        self.proj = nn.Linear(d_out, d_out)
        self.dropout = dropout

    def forward(self, x):
        batch_size, num_tokens, _ = x.shape
        qkv = self.qkv(x)
        qkv = qkv.view(batch_size, num_tokens, 3, self.num_heads, self.head_dim)
        queries, keys, values = qkv.permute(2, 0, 3, 1, 4)
        context = F.scaled_dot_product_attention(queries, keys, values, dropout_p=self.dropout)  # <<<
        context = context.transpose(1, 2).contiguous().view(batch_size, num_tokens, self.d_out)
        return self.proj(context)
