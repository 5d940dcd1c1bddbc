# role: optimizer
# verdict: right
# object: Momentum
# about: heavy-ball momentum as torch.optim.SGD(momentum=0.9), writes through .data

import torch


class Momentum:
    """모멘텀 SGD: v = momentum * v + g, p = p - lr * v"""

    def __init__(self, parameters, lr=0.01, momentum=0.9):
        self.parameters = list(parameters)
        self.lr = lr
        self.momentum = momentum
        self.v = [torch.zeros_like(p.data) for p in self.parameters]

    def zero_grad(self):
        for p in self.parameters:
            if p.grad is not None:
                p.grad.zero_()

    def step(self):
        for i, p in enumerate(self.parameters):
            if p.grad is None:
                continue
            self.v[i] = self.momentum * self.v[i] + p.grad.data
            p.data -= self.lr * self.v[i]
