# role: lstm
# verdict: wrong
# fault: order_not_restored
# object: SortedLSTM
# about: sorted by length, never put back

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence


class SortedLSTM(nn.Module):
    """x [N, L, Q], lengths [N] -> logits"""

    def __init__(self, input_size, hidden_size, output_size):
        super().__init__()
        self.rnn = nn.LSTM(input_size, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, output_size)

    def forward(self, x, lengths):
        lengths, order = lengths.sort(descending=True)
        packed = pack_padded_sequence(x[order], lengths.cpu(), batch_first=True)
        _, (h, _) = self.rnn(packed)
        return self.out(h[-1])  # <<<
