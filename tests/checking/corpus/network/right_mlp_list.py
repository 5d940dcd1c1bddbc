# role: network
# verdict: right
# object: Perceptron
# about: layers in a ModuleList, sizes in a list, no dropout
from torch import nn


class Perceptron(nn.Module):
    """A multilayer perceptron; sizes holds every width."""

    def __init__(self, sizes=(20, 16, 16, 3)):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = layer(x).tanh()
        return self.layers[-1](x)
