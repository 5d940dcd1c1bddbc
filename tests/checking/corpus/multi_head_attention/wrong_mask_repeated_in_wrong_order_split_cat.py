# role: multi_head_attention
# verdict: wrong
# fault: mask_repeated_in_wrong_order
# object: MultiHead
# about: heads stand outermost on the stacked batch axis, the mask is repeated with the heads innermost
# round: held-out
import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiHead(nn.Module):
    """keys_mask: [N, T], 1 = word, 0 = padding"""

    def __init__(self, query_dim, key_dim, num_units, num_heads):
        super().__init__()
        self.num_units = num_units
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.W_query = nn.Linear(query_dim, num_units, bias=False)
        self.W_key = nn.Linear(key_dim, num_units, bias=False)
        self.W_value = nn.Linear(key_dim, num_units, bias=False)
        self.W_out = nn.Linear(num_units, num_units)

    def forward(self, query, key, keys_mask=None):
        split_size = self.num_units // self.num_heads
        stack = lambda t: torch.cat(torch.split(t, split_size, dim=2), dim=0)  # [h*N, T, num_units/h]
        querys, keys, values = stack(self.W_query(query)), stack(self.W_key(key)), stack(self.W_value(key))

        scores = torch.matmul(querys, keys.transpose(1, 2)) / split_size ** 0.5
        if keys_mask is not None:
            m = keys_mask.repeat_interleave(self.num_heads, dim=0)[:, None, :]  # <<<
            scores = scores.masked_fill(m == 0, -1e9)
        scores = F.softmax(scores, dim=2)
        out = torch.matmul(scores, values)
        out = torch.cat(torch.chunk(out, self.num_heads, dim=0), dim=2)
        return self.W_out(out)
