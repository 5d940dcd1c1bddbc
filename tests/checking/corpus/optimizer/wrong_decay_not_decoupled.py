# role: optimizer
# verdict: wrong
# fault: decay_not_decoupled
# object: AdamW
# about: the decay goes into the gradient, as in Adam

import torch


class AdamW:
    def __init__(self, params, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
        self.params = list(params)
        self.lr, self.beta1, self.beta2, self.eps, self.weight_decay = lr, beta1, beta2, eps, weight_decay
        self.state = {i: (0, torch.zeros_like(p), torch.zeros_like(p)) for i, p in enumerate(self.params)}

    @torch.no_grad()
    def step(self):
        for i, p in enumerate(self.params):
            t, m, v = self.state[i]
            g = p.grad + self.weight_decay * p  # <<<
            m = self.beta1 * m + (1 - self.beta1) * g
            v = self.beta2 * v + (1 - self.beta2) * g ** 2
            self.state[i] = (t + 1, m, v)
            mean = m / (1 - self.beta1 ** (t + 1))
            p.sub_(self.lr * mean / ((v / (1 - self.beta2 ** (t + 1))).sqrt() + self.eps))
