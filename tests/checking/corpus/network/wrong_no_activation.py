# role: network
# verdict: wrong
# fault: network_is_linear
# object: DeepNet
# about: four linear layers in a row
from torch import nn


class DeepNet(nn.Module):
    def __init__(self, inputs=12, hidden=24, outputs=4):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(inputs, hidden),
            nn.Linear(hidden, hidden),
            nn.Dropout(0.2),
            nn.Linear(hidden, hidden),
            nn.Linear(hidden, outputs),
        )

    def forward(self, x):
        return self.net(x)
