# role: optimizer
# verdict: wrong
# fault: moment_not_averaged
# object: Adam
# about: the first moment is a momentum sum, the factor 1 - beta1 is missing

import torch


class Adam:
    def __init__(self, params, lr=1e-3, rho1=0.9, rho2=0.999, delta=1e-8):
        self.params = list(params)
        self.lr = lr
        self.rho1, self.rho2, self.delta = rho1, rho2, delta
        self.s = [torch.zeros_like(p) for p in self.params]
        self.r = [torch.zeros_like(p) for p in self.params]
        self.t = 0

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    @torch.no_grad()
    def step(self):
        self.t += 1
        for k, p in enumerate(self.params):
            g = p.grad
            if g is None:
                continue
            self.s[k] = self.rho1 * self.s[k] + g  # <<<
            self.r[k] = self.rho2 * self.r[k] + (1 - self.rho2) * g * g
            s_hat = self.s[k] / (1 - self.rho1 ** self.t)
            r_hat = self.r[k] / (1 - self.rho2 ** self.t)
            p.add_(s_hat / (r_hat.sqrt() + self.delta), alpha=-self.lr)
