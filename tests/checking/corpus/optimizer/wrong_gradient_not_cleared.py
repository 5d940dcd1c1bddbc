# role: optimizer
# verdict: wrong
# fault: gradient_not_cleared
# object: SGD
# about: zero_grad empties a local name only

import torch


class SGD:
    def __init__(self, params, lr=0.1):
        self.params = list(params)
        self.lr = lr

    def zero_grad(self):
        for p in self.params:
            grad = p.grad
            grad = None  # <<<

    def step(self):
        for p in self.params:
            if p.grad is not None:
                p.data.add_(p.grad.data, alpha=-self.lr)
