# role: lstm
# verdict: wrong
# fault: unused_parameters
# object: LSTM1
# about: fc_1 is declared and never called
import torch
import torch.nn as nn


class LSTM1(nn.Module):
    def __init__(self, num_classes, input_size, hidden_size, num_layers):
        super(LSTM1, self).__init__()
        self.num_classes = num_classes  # number of classes
        self.num_layers = num_layers  # number of layers
        self.input_size = input_size  # input size
        self.hidden_size = hidden_size  # hidden state

        self.lstm = nn.LSTM(input_size=input_size, hidden_size=hidden_size,
                            num_layers=num_layers, batch_first=True)  # lstm
        self.fc_1 = nn.Linear(hidden_size, 128)  # fully connected 1
        self.fc = nn.Linear(hidden_size, num_classes)  # fully connected last layer
        self.relu = nn.ReLU()

    def forward(self, x):
        h_0 = x.new_zeros(self.num_layers, x.size(0), self.hidden_size)  # hidden state
        c_0 = x.new_zeros(self.num_layers, x.size(0), self.hidden_size)  # internal state
        output, (hn, cn) = self.lstm(x, (h_0, c_0))
        out = self.relu(hn[-1])
        out = self.fc(out)  # <<<
        return out
