# role: multi_head_attention
# verdict: right
# object: multihead_attention
# about: heads are stacked on the batch axis with split and cat, as in an old TensorFlow code, mask repeated accordingly
# round: held-out
import torch
import torch.nn as nn
import torch.nn.functional as F


class multihead_attention(nn.Module):
    '''Applies multihead attention.

    Args:
      num_units: A scalar. Attention size.
      dropout_rate: A floating point number.
      num_heads: An int. Number of heads.
    '''

    def __init__(self, num_units, num_heads=8, dropout_rate=0):
        super(multihead_attention, self).__init__()
        self.num_units = num_units
        self.num_heads = num_heads
        self.Q_proj = nn.Linear(num_units, num_units)
        self.K_proj = nn.Linear(num_units, num_units)
        self.V_proj = nn.Linear(num_units, num_units)
        self.O_proj = nn.Linear(num_units, num_units)
        self.output_dropout = nn.Dropout(p=dropout_rate)

    def forward(self, queries, keys, values, key_masks=None):
        # queries: (N, T_q, C), keys, values: (N, T_k, C), key_masks: (N, T_k), 0 for padding
        Q = self.Q_proj(queries)
        K = self.K_proj(keys)
        V = self.V_proj(values)

        # Split and concat
        size = self.num_units // self.num_heads
        Q_ = torch.cat(torch.split(Q, size, dim=2), dim=0)  # (h*N, T_q, C/h)
        K_ = torch.cat(torch.split(K, size, dim=2), dim=0)  # (h*N, T_k, C/h)
        V_ = torch.cat(torch.split(V, size, dim=2), dim=0)  # (h*N, T_k, C/h)

        # Multiplication and scale
        outputs = torch.bmm(Q_, K_.permute(0, 2, 1))  # (h*N, T_q, T_k)
        outputs = outputs / (K_.size()[-1] ** 0.5)

        # Key Masking
        if key_masks is not None:
            masks = key_masks.repeat(self.num_heads, 1)  # (h*N, T_k)
            masks = masks.unsqueeze(1).expand(-1, queries.size(1), -1)
            outputs = outputs.masked_fill(masks == 0, -2. ** 32 + 1)

        outputs = F.softmax(outputs, dim=-1)
        outputs = self.output_dropout(outputs)

        # Weighted sum and restore shape
        outputs = torch.bmm(outputs, V_)
        outputs = torch.cat(torch.split(outputs, queries.size(0), dim=0), dim=2)  # (N, T_q, C)
        return self.O_proj(outputs)
