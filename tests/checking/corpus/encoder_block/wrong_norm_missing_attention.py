# role: encoder_block
# verdict: wrong
# fault: norm_missing
# object: ViTLayer
# about: a pre-norm block which hands x to the attention without norm1
import math
import torch
import torch.nn as nn


class ViTLayer(nn.Module):
    """x -> LN -> MSA -> + -> LN -> MLP -> +"""

    def __init__(self, hidden_size, num_attention_heads, intermediate_size):
        super().__init__()
        self.heads = num_attention_heads
        self.layernorm_before = nn.LayerNorm(hidden_size)
        self.layernorm_after = nn.LayerNorm(hidden_size)
        self.query = nn.Linear(hidden_size, hidden_size)
        self.key = nn.Linear(hidden_size, hidden_size)
        self.value = nn.Linear(hidden_size, hidden_size)
        self.output = nn.Linear(hidden_size, hidden_size)
        self.intermediate = nn.Linear(hidden_size, intermediate_size)
        self.dense = nn.Linear(intermediate_size, hidden_size)

    def attention(self, x):
        B, N, C = x.size()
        split = lambda t: t.view(B, N, self.heads, C // self.heads).transpose(1, 2)
        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        p = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(C // self.heads), -1)
        return self.output((p @ v).transpose(1, 2).reshape(B, N, C))

    def forward(self, x):
        x = self.attention(x) + x  # <<<
        h = self.layernorm_after(x)
        h = self.dense(nn.functional.gelu(self.intermediate(h)))
        return h + x
