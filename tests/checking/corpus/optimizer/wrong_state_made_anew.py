# role: optimizer
# verdict: wrong
# fault: momentum_not_kept
# object: Adam
# about: moments and the step count are made anew in every step

import torch


class Adam:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.params = list(params)
        self.lr, self.betas, self.eps = lr, betas, eps

    @torch.no_grad()
    def step(self):
        t = 0
        m = [torch.zeros_like(p) for p in self.params]  # <<<
        v = [torch.zeros_like(p) for p in self.params]
        t += 1
        b1, b2 = self.betas
        for i, p in enumerate(self.params):
            m[i] = b1 * m[i] + (1 - b1) * p.grad
            v[i] = b2 * v[i] + (1 - b2) * p.grad ** 2
            p -= self.lr * m[i] / (1 - b1 ** t) / ((v[i] / (1 - b2 ** t)).sqrt() + self.eps)
