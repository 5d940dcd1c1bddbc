# role: network
# verdict: wrong
# fault: layers_in_python_list
# object: Stack
# about: hidden layers stand in a plain list
from torch import nn


class Stack(nn.Module):
    def __init__(self, width=12, depth=3):
        super().__init__()
        self.hidden = [nn.Linear(width, width) for _ in range(depth)]  # <<<
        self.out = nn.Linear(width, 2)

    def forward(self, x):
        for layer in self.hidden:
            x = layer(x).relu()
        return self.out(x)
