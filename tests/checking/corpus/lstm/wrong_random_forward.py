# role: lstm
# verdict: wrong
# fault: state_random
# object: LSTMModel
# about: the first hidden state is drawn by randn in every call, also when predicting
import torch
import torch.nn as nn


class LSTMModel(nn.Module):
    def __init__(self, input_size=6, hidden_size=16, num_layers=1, num_classes=3):
        super(LSTMModel, self).__init__()
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.lstm = nn.LSTM(input_size, hidden_size, num_layers, batch_first=True)
        self.fc = nn.Linear(hidden_size, num_classes)

    def init_hidden(self, x):
        shape = (self.num_layers, x.size(0), self.hidden_size)
        h0 = torch.randn(*shape, device=x.device, dtype=x.dtype)  # <<<
        c0 = torch.zeros(*shape, device=x.device, dtype=x.dtype)
        return h0, c0

    def forward(self, x):
        # x: [N x L x Q]
        hidden = self.init_hidden(x)
        out, (hn, cn) = self.lstm(x, hidden)
        return self.fc(out[:, -1, :])
