# role: optimizer
# verdict: wrong
# fault: momentum_not_kept
# object: SGDMomentum
# about: the new velocity is a local name, the stored one stays zero

import torch


class SGDMomentum:
    def __init__(self, params, lr=0.01, momentum=0.9):
        self.params = list(params)
        self.lr = lr
        self.momentum = momentum
        self.velocity = [torch.zeros_like(p) for p in self.params]

    def step(self):
        with torch.no_grad():
            for p, v in zip(self.params, self.velocity):
                v = self.momentum * v + p.grad  # <<<
                p -= self.lr * v

    def zero_grad(self):
        for p in self.params:
            p.grad = None
