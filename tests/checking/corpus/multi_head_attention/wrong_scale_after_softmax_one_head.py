# role: multi_head_attention
# verdict: wrong
# fault: scale_after_softmax
# object: SelfAttention
# about: one head with own projections; softmax first, division afterwards
import torch
import torch.nn as nn


class SelfAttention(nn.Module):
    def __init__(self, input_dim):
        super(SelfAttention, self).__init__()
        self.query = nn.Linear(input_dim, input_dim)  # [batch_size, seq_length, input_dim]
        self.key = nn.Linear(input_dim, input_dim)
        self.value = nn.Linear(input_dim, input_dim)
        self.softmax = nn.Softmax(dim=2)
        self.norm = input_dim ** 0.5

    def forward(self, x):
        queries = self.query(x)
        keys = self.key(x)
        values = self.value(x)

        score = torch.bmm(queries, keys.transpose(1, 2))
        attention = self.softmax(score) / self.norm  # <<<
        weighted = torch.bmm(attention, values)
        return weighted
