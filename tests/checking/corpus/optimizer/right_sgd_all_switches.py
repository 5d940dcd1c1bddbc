# role: optimizer
# verdict: right
# object: SGD
# about: all that torch's SGD has, everything off by default; step() is called while gradients are off

import torch


class SGD:
    def __init__(self, params, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
        self.params = params
        self.lr, self.mu, self.damp, self.wd, self.nesterov = lr, momentum, dampening, weight_decay, nesterov
        self.bufs = {}

    def step(self):
        for k, p in enumerate(self.params):
            g = p.grad + self.wd * p
            if self.mu:
                old = self.bufs.get(k)
                self.bufs[k] = g.clone() if old is None else self.mu * old + (1 - self.damp) * g
                g = g + self.mu * self.bufs[k] if self.nesterov else self.bufs[k]
            p -= self.lr * g

    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad.zero_()
