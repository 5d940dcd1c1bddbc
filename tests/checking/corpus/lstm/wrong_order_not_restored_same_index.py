# role: lstm
# verdict: wrong
# fault: order_not_restored
# object: DynamicLSTM
# about: the order is to be restored, but with the sorting index itself and not with its inverse
# round: held-out

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class DynamicLSTM(nn.Module):
    """LSTM which can hold variable length sequence: (x, x_len) -> out [N L D], (hn, cn)"""

    def __init__(self, input_size, hidden_size, num_layers=1, bias=True, dropout=0.0):
        super(DynamicLSTM, self).__init__()
        self.rnn = nn.LSTM(input_size, hidden_size, num_layers, bias=bias, batch_first=True, dropout=dropout)

    def forward(self, x, x_len):
        # sort
        x_sort_idx = torch.argsort(x_len, descending=True)
        x_len_sorted = x_len[x_sort_idx]
        x_sorted = x[x_sort_idx]
        # pack
        x_p = pack_padded_sequence(x_sorted, x_len_sorted.cpu(), batch_first=True)
        out_p, (ht, ct) = self.rnn(x_p)
        out, _ = pad_packed_sequence(out_p, batch_first=True, total_length=x.size(1))
        # unsort
        x_unsort_idx = x_sort_idx  # <<<
        out = out[x_unsort_idx]
        ht = ht[:, x_unsort_idx]
        ct = ct[:, x_unsort_idx]
        return out, (ht, ct)
