# role: network
# verdict: right
# object: DigitNet
# about: two convolutions, pooling, two linear layers, log_softmax at the end
import torch
import torch.nn.functional as F
from torch import nn


class DigitNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 8, 3)
        self.second = nn.Conv2d(8, 16, 3)
        self.drop = nn.Dropout(0.25)
        self.hidden = nn.Linear(2304, 32)
        self.out = nn.Linear(32, 10)

    def forward(self, x):
        x = F.relu(self.first(x))
        x = F.relu(self.second(x))
        x = self.drop(F.max_pool2d(x, 2))
        x = F.relu(self.hidden(torch.flatten(x, 1)))
        return F.log_softmax(self.out(x), dim=1)
