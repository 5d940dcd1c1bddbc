# role: network
# verdict: wrong
# fault: dropout_in_eval
# object: Regressor
# about: a dropout layer is made anew in each call and is always in train mode
from torch import nn


class Regressor(nn.Module):
    def __init__(self, n_in=10):
        super().__init__()
        self.up = nn.Linear(n_in, 32)
        self.down = nn.Linear(32, 1)

    def forward(self, x):
        h = self.up(x).relu()
        h = nn.Dropout(0.3)(h)  # <<<
        return self.down(h)
