# role: optimizer
# verdict: wrong
# fault: decay_unused
# object: Adam
# about: the decayed gradient is computed and then left

import torch


class Adam:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        self.params = list(params)
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        self.t = 0
        self.m = [torch.zeros_like(p) for p in self.params]
        self.v = [torch.zeros_like(p) for p in self.params]

    @torch.no_grad()
    def step(self):
        self.t += 1
        b1, b2 = self.betas
        for i, p in enumerate(self.params):
            g = p.grad
            if self.weight_decay:
                g.add(p, alpha=self.weight_decay)
            self.m[i] = b1 * self.m[i] + (1 - b1) * g
            self.v[i] = b2 * self.v[i] + (1 - b2) * g * g
            mean, square = self.m[i] / (1 - b1 ** self.t), self.v[i] / (1 - b2 ** self.t)
            p -= self.lr * mean / (square.sqrt() + self.eps)
