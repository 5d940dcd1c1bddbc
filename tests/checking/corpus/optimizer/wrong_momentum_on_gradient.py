# role: optimizer
# verdict: wrong
# fault: momentum_on_gradient
# object: Momentum
# about: momentum multiplies the gradient and not the velocity

import torch


class Momentum:
    def __init__(self, params, learning_rate=0.01, beta=0.9):
        self.params = list(params)
        self.learning_rate = learning_rate
        self.beta = beta
        self.v = {i: torch.zeros_like(p) for i, p in enumerate(self.params)}

    def step(self):
        with torch.no_grad():
            for i, p in enumerate(self.params):
                if p.grad is not None:
                    self.v[i] = self.v[i] + self.beta * p.grad  # <<<
                    p -= self.learning_rate * self.v[i]

    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad.detach_()
                p.grad.zero_()
