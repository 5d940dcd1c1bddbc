# role: attention
# verdict: wrong
# fault: softmax_missing
# object: DotProductAttention
# about: the scaled scores go to the values as they are
import math
import torch
import torch.nn as nn


class DotProductAttention(nn.Module):
    """Scaled dot product attention."""

    def __init__(self, dropout=0.0):
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    # queries: (batch_size, no. of queries, d)
    # keys:    (batch_size, no. of key-value pairs, d)
    # values:  (batch_size, no. of key-value pairs, value dimension)
    def forward(self, queries, keys, values):
        d = queries.shape[-1]
        self.attention_weights = torch.bmm(queries, keys.transpose(1, 2)) / math.sqrt(d)  # <<<
        return torch.bmm(self.dropout(self.attention_weights), values)
