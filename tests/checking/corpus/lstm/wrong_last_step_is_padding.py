# role: lstm
# verdict: wrong
# fault: last_step_is_padding
# object: TextLSTM
# about: lengths are taken, but the readout is the last padded step

import torch.nn as nn


class TextLSTM(nn.Module):
    """x: padded [N L Q], lengths: [N] number of valid steps"""

    def __init__(self, input_size, hidden_size, num_classes):
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, num_classes)

    def forward(self, x, lengths):
        out, _ = self.lstm(x)
        last = out[:, -1, :]  # <<<
        return self.fc(last)
