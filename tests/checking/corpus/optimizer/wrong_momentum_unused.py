# role: optimizer
# verdict: wrong
# fault: momentum_unused
# object: SGDMomentum
# about: the velocity is kept up to date but the step takes the bare gradient

import torch


class SGDMomentum:
    def __init__(self, params, lr=0.01, momentum=0.9):
        self.params = list(params)
        self.lr, self.momentum = lr, momentum
        self.velocities = [torch.zeros_like(p) for p in self.params]

    @torch.no_grad()
    def step(self):
        for p, v in zip(self.params, self.velocities):
            if p.grad is None:
                continue
            v.mul_(self.momentum).add_(p.grad)
            p.sub_(self.lr * p.grad)  # <<<

    def zero_grad(self):
        for p in self.params:
            p.grad = None
