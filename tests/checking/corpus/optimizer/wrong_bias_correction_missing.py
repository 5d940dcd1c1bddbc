# role: optimizer
# verdict: wrong
# fault: bias_correction_missing
# object: Adam
# about: the raw moments are used

import torch


class Adam:
    def __init__(self, parameters, lr=0.001, betas=(0.9, 0.999), eps=1e-08):
        self.parameters = list(parameters)
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.m = {id(p): torch.zeros_like(p) for p in self.parameters}
        self.v = {id(p): torch.zeros_like(p) for p in self.parameters}

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    @torch.no_grad()
    def step(self):
        beta1, beta2 = self.betas
        for p in self.parameters:
            if p.grad is None:
                continue
            m = beta1 * self.m[id(p)] + (1 - beta1) * p.grad
            v = beta2 * self.v[id(p)] + (1 - beta2) * p.grad.pow(2)
            self.m[id(p)], self.v[id(p)] = m, v
            p.sub_(self.lr * m / (v.sqrt() + self.eps))  # <<<
