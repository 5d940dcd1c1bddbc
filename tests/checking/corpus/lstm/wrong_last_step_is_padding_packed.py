# role: lstm
# verdict: wrong
# fault: last_step_is_padding
# object: PackedLSTM
# about: packs well, but after unpacking takes Y[:, -1], which is zero for short sequences

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class PackedLSTM(nn.Module):
    def __init__(self, emb_dim, hid_dim, output_dim):
        super().__init__()
        self.lstm = nn.LSTM(emb_dim, hid_dim, batch_first=True)
        self.linear = nn.Linear(hid_dim, output_dim)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        packed_out, (h_n, c_n) = self.lstm(packed)
        output, _ = pad_packed_sequence(packed_out, batch_first=True)
        return self.linear(output[:, -1])  # <<<
