# role: optimizer
# verdict: wrong
# fault: decay_sign
# object: MomentumSGD
# about: the weight decay, off by default, is taken from the gradient

import torch


class MomentumSGD:
    def __init__(self, params, lr=0.01, momentum=0.9, weight_decay=0.0):
        self.params = list(params)
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        self.velocity = [torch.zeros_like(p) for p in self.params]

    @torch.no_grad()
    def step(self):
        for p, v in zip(self.params, self.velocity):
            g = p.grad - self.weight_decay * p  # <<<
            v.mul_(self.momentum).add_(g)
            p.sub_(self.lr * v)
